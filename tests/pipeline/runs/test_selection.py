"""What a run mines and what it leaves: decided on real files, real stamps and a real ledger."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import FailureCode
from pipeline.files.hashing import sha256_of
from pipeline.files.walk import WalkedFile
from pipeline.formats import FORMATS
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.record import Context, Record
from pipeline.outcome import Status
from pipeline.runs.selection import Decision, Reason, Selection
from pipeline.source import Stamp

JPEG_MAGIC = b"\xff\xd8\xff"


class Place:
    """An INPUT and an OUTPUT with a ledger, as runs leave them."""

    def __init__(self, folder: Path) -> None:
        self.input, self.output = folder / "in", folder / "out"
        self.input.mkdir()
        self.output.mkdir()
        self.context = Context(str(self.input), "pipeline 1", "150 MP")
        self.ledger = Ledger(self.output)

    def put(self, relative: str, content: bytes = b"photo", mtime: int = 1_500_000_000) -> Path:
        path = self.input / relative
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(JPEG_MAGIC + content)
        os.utime(path, (mtime, mtime))
        return path

    def mined(self, relative: str, **more: object) -> Record:
        """As a run would have recorded it."""
        path = self.input / relative
        name = path.name
        outputs = (f"{name}.json", f"{name}-annotated.jpg")
        for output in outputs:
            target = self.output / relative
            target.parent.mkdir(exist_ok=True)
            target.with_name(output).write_bytes(b"{}")
        record = Record(
            relative,
            Stamp.of(os.stat(path)),
            self.context,
            Status.MINED,
            format="jpeg",
            frames=1,
            sha256=sha256_of(path),
            outputs=outputs,
        )
        record = replace(record, **more)  # type: ignore[arg-type]
        self.ledger.record(record)
        return record

    def failed(self, relative: str, code: FailureCode, attempts: int = 1) -> Record:
        return self.mined(
            relative, status=Status.FAILED, code=str(code), attempts=attempts, outputs=(), sha256=None
        )

    def decide(self, relative: str, **flags: object) -> Decision:
        path = self.input / relative
        flags = {"context": self.context, "reuse_outputs": True, **flags}
        selection = Selection(self.ledger, self.output, **flags)  # type: ignore[arg-type]
        return selection.decide(WalkedFile(str(path), relative, Stamp.of(os.stat(path))))

    def reason(self, relative: str, **flags: object) -> Reason:
        return self.decide(relative, **flags).reason

    def about(self, relative: str, **flags: object) -> tuple[Reason, Record | None]:
        """The reason, and the record that it is about."""
        decision = self.decide(relative, **flags)
        return decision.reason, decision.twin or decision.earlier


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    with place.ledger:
        yield place


def test_what_is_new_is_mined_and_what_is_done_is_not(place: Place) -> None:
    place.put("2016/a.jpg")
    assert place.about("2016/a.jpg") == (Reason.NEW, None)
    assert place.reason("2016/a.jpg").is_mined
    place.mined("2016/a.jpg")
    assert place.decide("2016/a.jpg").reason is Reason.DONE
    assert not place.reason("2016/a.jpg").is_mined


def test_what_has_changed_is_mined(place: Place) -> None:
    place.put("size.jpg")
    place.put("time.jpg")
    records = [place.mined("size.jpg"), place.mined("time.jpg")]
    place.put("size.jpg", b"another photo")
    place.put("time.jpg", mtime=1_500_000_001)
    assert place.about("size.jpg") == (Reason.CHANGED, records[0])
    assert place.decide("time.jpg").reason in (Reason.CHANGED, Reason.RENAMED)
    assert place.about("time.jpg", reuse_outputs=False) == (Reason.CHANGED, records[1])


def test_file_replaced_by_another_of_the_same_size_and_time(place: Place) -> None:
    """As tools do that change one letter of the EXIF and set the time back."""
    path = place.put("a.jpg", b"photo")
    place.mined("a.jpg")
    place.put("b", b"PHOTO").replace(path)
    assert place.reason("a.jpg") is Reason.CHANGED


def test_file_edited_in_place_with_its_time_set_back(place: Place) -> None:
    """As `exiftool -P -overwrite_original_in_place` does."""
    path = place.put("a.jpg", b"photo")
    record = place.mined("a.jpg")
    place.put("a.jpg", b"PHOTO")
    assert Stamp.of(os.stat(path))[:4] == record.stamp[:4]
    assert place.about("a.jpg") == (Reason.CHANGED, record)


def test_changed_permissions_and_links_cost_one_reading(place: Place) -> None:
    path = place.put("a.jpg")
    place.mined("a.jpg")
    path.chmod(0o600)
    (place.input / "link.jpg").hardlink_to(path)
    assert place.reason("a.jpg") is Reason.DONE
    record = place.ledger.look_up("a.jpg")
    assert record is not None
    assert record.stamp == Stamp.of(os.stat(path))


def test_failure_is_left_alone_whatever_its_time_of_change(place: Place) -> None:
    """Its content is not known, and a backup that links files would else bring it up again each night."""
    path = place.put("a.jpg")
    place.failed("a.jpg", FailureCode.TRUNCATED)
    path.chmod(0o600)
    assert place.reason("a.jpg") is Reason.LEFT_ALONE
    place.put("b", b"photo").replace(path)
    assert place.reason("a.jpg") is Reason.CHANGED


def test_restored_backup_is_read_once_and_not_mined(place: Place) -> None:
    path = place.put("a.jpg")
    before = place.mined("a.jpg")
    shutil.copy2(path, place.input / "copy")
    (place.input / "copy").replace(path)
    assert place.reason("a.jpg") is Reason.DONE
    after = place.ledger.look_up("a.jpg")
    assert after is not None
    assert after == replace(before, stamp=Stamp.of(os.stat(path)))
    assert after.stamp.inode != before.stamp.inode


def test_file_system_that_renumbers_its_files(place: Place) -> None:
    """Another inode, and no change since: nothing is read, nothing mined."""
    path = place.put("a.jpg")
    stamp = Stamp.of(os.stat(path))
    place.mined("a.jpg", stamp=stamp._replace(inode=7), sha256="00" * 32)
    assert place.reason("a.jpg") is Reason.DONE


def test_disk_that_got_another_number(place: Place) -> None:
    for name in ("a.jpg", "b.jpg"):
        place.put(name)
        place.mined(name, stamp=Stamp.of(os.stat(place.input / name))._replace(device=7))
    assert place.reason("a.jpg") is Reason.DONE
    record = place.ledger.look_up("b.jpg")
    assert record is not None
    assert record.stamp == Stamp.of(os.stat(place.input / "b.jpg"))


def test_other_pipeline(place: Place) -> None:
    place.put("a.jpg")
    place.mined("a.jpg")
    assert (
        place.reason("a.jpg", context=place.context._replace(pipeline="pipeline 2")) is Reason.OTHER_PIPELINE
    )
    assert place.reason("a.jpg", context=place.context._replace(limits="300 MP")) is Reason.DONE


def test_format_that_is_decoded_differently(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only its inputs are mined again, and what is mined then is done."""
    for name, format_ in (("a.jpg", "jpeg"), ("b.heic", "heif")):
        place.put(name, name.encode())
        place.mined(name, format=format_)
    monkeypatch.setitem(FORMATS, "heif", FORMATS["heif"]._replace(results_version=2))
    assert place.reason("a.jpg") is Reason.DONE
    assert place.reason("b.heic") is Reason.OTHER_PIPELINE
    place.mined("b.heic", format="heif", context=place.context.of_format("heif"))
    assert place.reason("b.heic") is Reason.DONE
    (place.input / "b.heic").rename(place.input / "c.heic")
    assert place.reason("c.heic") is Reason.RENAMED


@pytest.mark.parametrize("gone", ["a.jpg.json", "a.jpg-annotated.jpg"])
def test_outputs_that_are_gone(place: Place, gone: str) -> None:
    place.put("a.jpg")
    place.mined("a.jpg")
    (place.output / gone).unlink()
    assert place.reason("a.jpg") is Reason.OUTPUTS_GONE
    (place.output / gone).mkdir()
    assert place.reason("a.jpg") is Reason.OUTPUTS_GONE


def test_force(place: Place) -> None:
    place.put("a.jpg")
    record = place.mined("a.jpg")
    assert place.about("a.jpg", force=True) == (Reason.FORCED, record)


def test_what_failed_for_a_reason_of_its_own_is_left_alone(place: Place) -> None:
    place.put("a.jpg")
    place.failed("a.jpg", FailureCode.TRUNCATED)
    assert place.reason("a.jpg") is Reason.LEFT_ALONE
    assert place.reason("a.jpg", retry_failed=True) is Reason.RETRY
    assert place.reason("a.jpg", context=place.context._replace(limits="300 MP")) is Reason.RETRY
    assert place.reason("a.jpg", context=place.context._replace(pipeline="x")) is Reason.OTHER_PIPELINE
    place.put("a.jpg", b"mended photo")
    assert place.reason("a.jpg") is Reason.CHANGED


@pytest.mark.parametrize("code", [FailureCode.UNREADABLE, FailureCode.OUTPUT_NAME_TAKEN])
def test_what_failed_for_a_reason_outside_of_it_is_tried_each_time(place: Place, code: FailureCode) -> None:
    place.put("a.jpg")
    place.failed("a.jpg", code, attempts=100)
    assert place.reason("a.jpg") is Reason.RETRY


@pytest.mark.parametrize("code", [FailureCode.TIMEOUT, FailureCode.OUT_OF_MEMORY, FailureCode.WORKER_CRASHED])
def test_what_may_have_been_bad_luck_is_tried_once_more(place: Place, code: FailureCode) -> None:
    place.put("a.jpg")
    place.failed("a.jpg", code, attempts=1)
    assert place.reason("a.jpg") is Reason.RETRY
    place.failed("a.jpg", code, attempts=2)
    assert place.reason("a.jpg") is Reason.LEFT_ALONE
    record = place.ledger.look_up("a.jpg")
    assert record is not None
    killed = replace(record, is_reported=False)  # by a run that was killed, perhaps with its workers
    place.ledger.record(killed)
    assert place.reason("a.jpg") is Reason.RETRY


def test_renamed_folder_is_recognized_by_content(place: Place) -> None:
    path = place.put("2016/a.jpg")
    record = place.mined("2016/a.jpg")
    path.parent.rename(place.input / "Summer of 2016")
    assert place.about("Summer of 2016/a.jpg") == (Reason.RENAMED, record)
    assert not place.reason("Summer of 2016/a.jpg").is_mined
    assert place.reason("Summer of 2016/a.jpg", reuse_outputs=False) is Reason.NEW


def test_copy_is_recognized_and_a_twin_by_size_and_time_is_not(place: Place) -> None:
    place.put("a.jpg", b"one photo")
    record = place.mined("a.jpg")
    place.put("copy.jpg", b"one photo")
    place.put("twin.jpg", b"two photo")
    assert place.about("copy.jpg") == (Reason.RENAMED, record)
    assert place.about("twin.jpg") == (Reason.NEW, None)


def test_many_files_of_one_size_and_time_that_were_renamed(place: Place) -> None:
    for number in range(150):
        place.put(f"old/{number:03d}.jpg", b"%03d" % number)
        place.mined(f"old/{number:03d}.jpg")
    (place.input / "old").rename(place.input / "new")
    for number in range(150):
        reason, record = place.about(f"new/{number:03d}.jpg")
        assert reason is Reason.RENAMED
        assert record is not None
        assert record.relative == f"old/{number:03d}.jpg"


def test_nothing_is_carried_over_from_another_pipeline_or_without_its_outputs(place: Place) -> None:
    place.put("a.jpg")
    place.mined("a.jpg")
    place.put("copy.jpg")
    assert place.reason("copy.jpg", context=place.context._replace(pipeline="x")) is Reason.NEW
    (place.output / "a.jpg.json").unlink()
    assert place.reason("copy.jpg") is Reason.NEW


def test_input_folder_that_was_moved(place: Place) -> None:
    place.put("a.jpg")
    place.put("b.jpg")
    record = place.mined("a.jpg")
    place.failed("b.jpg", FailureCode.TRUNCATED)
    moved = place.context._replace(root="/elsewhere")
    assert place.about("a.jpg", context=moved) == (Reason.RENAMED, record)
    assert place.reason("a.jpg", context=moved, reuse_outputs=False) is Reason.CHANGED
    assert place.reason("b.jpg", context=moved) is Reason.RETRY


def test_names_that_are_not_utf_8(place: Place) -> None:
    name = os.fsdecode(b"\xff\xe9/\xfe.jpg")
    place.put(name)
    place.mined(name)
    assert place.reason(name) is Reason.DONE


def test_a_second_name_of_the_same_file(place: Place) -> None:
    path = place.put("a.jpg")
    record = place.mined("a.jpg")
    subprocess.run(["ln", path, place.input / "b.jpg"], check=True)
    assert place.about("b.jpg") == (Reason.RENAMED, record)
    assert place.reason("a.jpg") is Reason.DONE
