"""A lost ledger is rebuilt from the outputs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from annotators.framewriter import FrameWriter
from annotators.mark import MARK
from annotators.photowriter import PhotoWriter
from pipeline.ledger.record import Context, Record
from pipeline.outcome import Status
from pipeline.runs.rebuild import iter_rebuilt
from pipeline.source import MediaFacts, Source, SourceKind, Stamp
from reporters.jsonreportwriter import JsonReportWriter, JsonReportWriterParams

WRITERS = (JsonReportWriter, PhotoWriter, FrameWriter)


class Place:
    """An INPUT, and an OUTPUT with reports."""

    def __init__(self, folder: Path) -> None:
        self.input, self.output = folder / "in", folder / "out"

    def mine(self, relative: str, *, pipeline: str = "f00d", tag: str = "", pictures: tuple[str, ...] = ()):
        path = self.input / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(b"photo")
        status = path.stat()
        source = Source(str(path), relative, SourceKind.PHOTO, "jpeg", Stamp.of(status))
        writer = JsonReportWriter("report", JsonReportWriterParams(), tag=tag, fingerprint=pipeline)
        with writer.open(source, MediaFacts((8, 8), "jpeg", sha256="ab" * 32), self.output):
            pass
        folder = (self.output / relative).parent
        for name in pictures:
            (folder / name).write_bytes(MARK.encode())

    def rebuilt(self) -> dict[str, Record]:
        return {record.relative: record for record in iter_rebuilt(self.output, "limits", WRITERS)}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_nothing_comes_of_nothing(place: Place) -> None:
    assert place.rebuilt() == {}
    place.output.mkdir()
    assert place.rebuilt() == {}


def test_what_was_mined(place: Place) -> None:
    odd = os.fsdecode(b"caf\xe9/\xff.jpg")
    place.mine("a.jpg", pictures=("a.jpg-annotated.jpg",))
    place.mine("2016/summer/b.jpg")
    place.mine(odd)
    records = place.rebuilt()
    assert records["a.jpg"] == Record(
        "a.jpg",
        Stamp.of(os.stat(place.input / "a.jpg")),
        Context(str(place.input), "f00d", "limits"),
        Status.MINED,
        format="jpeg",
        sha256="ab" * 32,
        outputs=("a.jpg.json", "a.jpg-annotated.jpg"),
    )
    assert records["2016/summer/b.jpg"].context == records[odd].context == records["a.jpg"].context
    assert len(records) == 3


def test_input_that_was_changed_or_is_gone(place: Place) -> None:
    for name in ("changed.jpg", "gone.jpg"):
        place.mine(name)
    before = Stamp.of(os.stat(place.input / "changed.jpg"))
    (place.input / "changed.jpg").write_bytes(b"another photo")
    (place.input / "gone.jpg").unlink()
    records = place.rebuilt()
    assert records["changed.jpg"].stamp == Stamp(before.size_bytes, before.mtime_ns)
    assert records["gone.jpg"].stamp.inode == records["gone.jpg"].stamp.device == 0


def test_copies_go_to_the_longest_name(place: Place) -> None:
    place.mine("a.jpg", pictures=("a.jpg-annotated.jpg", "a.jpg-2-annotated.webp"))
    place.mine("a.jpg-2", pictures=("a.jpg-2-frame-000012-annotated.jpg", "a.jpg-notes.txt"))
    records = place.rebuilt()
    assert records["a.jpg"].outputs == ("a.jpg.json", "a.jpg-annotated.jpg")
    assert sorted(records["a.jpg-2"].outputs) == [
        "a.jpg-2-annotated.webp",
        "a.jpg-2-frame-000012-annotated.jpg",
        "a.jpg-2.json",
    ]


def test_two_reports_of_one_pipeline_and_of_two(place: Place) -> None:
    place.mine("a.jpg")
    place.mine("a.jpg", tag="-cats")
    place.mine("b.jpg")
    place.mine("b.jpg", tag="-cats", pipeline="beef")
    records = place.rebuilt()
    assert records["a.jpg"].outputs == ("a.jpg-cats.json", "a.jpg.json")
    assert "b.jpg" not in records


def test_long_names(place: Place) -> None:
    name = "n" * 255
    place.mine(name)
    assert place.rebuilt()[name].outputs[0].endswith(".json")


def test_reports_that_were_moved_and_files_of_others(place: Place) -> None:
    place.mine("a/b.jpg")
    (place.output / "a").rename(place.output / "c")
    (place.output / "notes.json").write_text("{}")
    (place.output / "loop").symlink_to(".")
    assert place.rebuilt() == {}


def test_input_is_the_root_folder(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.input = Path("/")
    relative = str(place.output.parent / "x.jpg").removeprefix("/")
    place.mine(relative)
    assert place.rebuilt()[relative].context.root == "/"
