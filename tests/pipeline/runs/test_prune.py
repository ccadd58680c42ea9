"""Outputs of inputs that are gone: which are, which only seem to be, and what is removed."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import ExitCode, MinerError, OutputError
from pipeline.kept.store import Store
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.record import Context, Record
from pipeline.outcome import Status
from pipeline.runs.prune import Presence, presence_of, prune, remove_outputs
from pipeline.source import Stamp


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Of `out`, which holds what was made of three photos in `in`."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "out" / "sub").mkdir(parents=True)
    with Ledger(tmp_path / "out") as ledger:
        for relative in ("a.jpg", "b.jpg", "sub/c.jpg"):
            (tmp_path / "in" / relative).write_bytes(b"photo")
            (tmp_path / "out" / f"{relative}.json").write_bytes(b"{}")
            ledger.record(record_of(tmp_path, relative))
        yield ledger


def record_of(folder: Path, relative: str) -> Record:
    name = os.path.basename(relative)
    return Record(
        relative,
        Stamp.of(os.stat(folder / "in" / relative)),
        Context(str(folder / "in"), "p", "l"),
        Status.MINED,
        outputs=(f"{name}.json",),
        older_outputs=(f"{name}-annotated.jpg",),
    )


def orphans(ledger: Ledger) -> dict[str, bool]:
    """The inputs that are not there, with whether they are gone for certain."""
    found = {record.relative: presence_of(record) for record in ledger.iter_records()}
    return {
        relative: presence is Presence.GONE
        for relative, presence in found.items()
        if presence is not Presence.PRESENT
    }


def test_what_is_there_is_no_orphan(ledger: Ledger) -> None:
    assert orphans(ledger) == {}


def test_deleted_photo_and_deleted_folder(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "in" / "b.jpg").unlink()
    shutil.rmtree(tmp_path / "in" / "sub")
    assert orphans(ledger) == {"b.jpg": True, "sub/c.jpg": True}


def test_folder_that_became_a_file(ledger: Ledger, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "in" / "sub")
    (tmp_path / "in" / "sub").write_bytes(b"")
    assert orphans(ledger) == {"sub/c.jpg": True}


def test_every_photo_deleted(ledger: Ledger, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "in")
    (tmp_path / "in").mkdir()
    assert set(orphans(ledger).values()) == {True}


def test_disk_that_is_not_mounted(ledger: Ledger, tmp_path: Path) -> None:
    """Then its folder is there, on another device, and empty."""
    other_disk = Stamp.of(os.stat(tmp_path))._replace(device=7)
    ledger.record(replace(record_of(tmp_path, "sub/c.jpg"), stamp=other_disk))
    shutil.rmtree(tmp_path / "in" / "sub")
    (tmp_path / "in" / "sub").mkdir()
    assert orphans(ledger) == {"sub/c.jpg": False}
    shutil.rmtree(tmp_path / "in")
    assert orphans(ledger)["sub/c.jpg"] is False


def test_where_the_disk_is_unknown_an_empty_folder_counts_as_not_mounted(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.record(replace(record_of(tmp_path, "sub/c.jpg"), stamp=Stamp(1, 2)))
    ledger.record(replace(record_of(tmp_path, "b.jpg"), stamp=Stamp(1, 2)))
    (tmp_path / "in" / "sub" / "c.jpg").unlink()
    (tmp_path / "in" / "b.jpg").unlink()
    assert orphans(ledger) == {"b.jpg": True, "sub/c.jpg": False}


def test_folder_that_may_not_be_entered(ledger: Ledger, tmp_path: Path, unprivileged, run_python) -> None:
    (tmp_path / "in" / "sub").chmod(0)
    code = """
from pipeline.ledger.record import Context, Record
from pipeline.outcome import Status
from pipeline.runs.prune import presence_of
from pipeline.source import Stamp
context = Context(sys.argv[1], "p", "l")
records = [Record(relative, Stamp(1, 2), context, Status.MINED) for relative in sys.argv[2:]]
answer = [presence_of(record).name for record in records]
"""
    presences = run_python(code, tmp_path / "in", "sub/c.jpg", "x", prefix=unprivileged)
    assert presences == ["PRESENT", "GONE"]
    (tmp_path / "in" / "sub").chmod(0o755)


def test_removes_what_was_made_and_folders_that_are_empty_then(ledger: Ledger, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "sub" / "c.jpg-annotated.jpg").write_bytes(b"")
    (out / "b.jpg.txt").write_bytes(b"a user's own")
    for relative in ("b.jpg", "sub/c.jpg"):
        record = ledger.look_up(relative)
        assert record is not None
        remove_outputs(record, out)
        assert remove_outputs(record, out) == []
    assert {path.name for path in out.iterdir() if path.name[0] != "."} == {"a.jpg.json", "b.jpg.txt"}


def test_folder_with_a_users_own_file_stays(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "out" / "sub" / "notes.txt").write_bytes(b"mine")
    removed = remove_outputs(record_of(tmp_path, "sub/c.jpg"), tmp_path / "out")
    assert removed == [tmp_path / "out" / "sub" / "c.jpg.json"]
    assert os.listdir(tmp_path / "out" / "sub") == ["notes.txt"]


def test_ledger_that_was_tampered_with_removes_nothing_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    precious = tmp_path / "precious"
    precious.write_bytes(b"")
    context = Context("/in", "p", "l")
    for relative, name in (("../a", "precious"), ("a", "../precious"), (f"{tmp_path}/a", "precious")):
        record = Record(relative, Stamp(1, 2), context, Status.MINED, outputs=(name,))
        assert remove_outputs(record, tmp_path / "out") == []
    assert precious.exists()


def test_output_that_is_a_folder_by_now(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "out" / "b.jpg.json").unlink()
    (tmp_path / "out" / "b.jpg.json").mkdir()
    with pytest.raises(OutputError):
        remove_outputs(record_of(tmp_path, "b.jpg"), tmp_path / "out")


def prune_all(ledger: Ledger, output: Path, *, even_most: bool = False) -> list[str]:
    with Store(output) as store:
        found = prune(
            ledger, store, output, (), lambda: False, lambda *_: None, missing=Counter(), even_most=even_most
        )
        return [record.relative for record in found]


def many(folder: Path, ledger: Ledger, number: int) -> list[str]:
    """More photos that were mined."""
    names = [f"{one:02d}.jpg" for one in range(number)]
    for name in names:
        (folder / "in" / name).write_bytes(b"photo")
        (folder / "out" / f"{name}.json").write_bytes(b"{}")
        ledger.record(record_of(folder, name))
    return names


def test_most_of_a_collection_is_not_removed_unless_asked_for(ledger: Ledger, tmp_path: Path) -> None:
    names = many(tmp_path, ledger, 20)
    for name in names:
        (tmp_path / "in" / name).unlink()
    with pytest.raises(MinerError, match=r"--prune: 20 of 23 inputs no longer exist.*--prune=all") as refused:
        prune_all(ledger, tmp_path / "out")
    assert refused.value.exit_code == ExitCode.ENVIRONMENT
    assert len(ledger) == 23
    assert all((tmp_path / "out" / f"{name}.json").exists() for name in names)
    assert prune_all(ledger, tmp_path / "out", even_most=True) == names
    assert len(ledger) == 3


def test_renamed_inputs_do_not_count_as_most_of_a_collection(ledger: Ledger, tmp_path: Path) -> None:
    """All were renamed and recorded under their new names, and one was deleted."""
    names = many(tmp_path, ledger, 20)
    for number, name in enumerate(names):
        record = replace(record_of(tmp_path, name), sha256=f"{number:064x}")
        ledger.record(record)
        (tmp_path / "in" / name).rename(tmp_path / "in" / f"new-{name}")
        ledger.record(replace(record, relative=f"new-{name}", outputs=(f"new-{name}.json",)))
    for name in ("a.jpg", "b.jpg", "sub/c.jpg"):
        (tmp_path / "in" / name).unlink()
    (tmp_path / "in" / "new-00.jpg").unlink()
    assert len(prune_all(ledger, tmp_path / "out")) == 23
    assert [record.relative for record in ledger.iter_records()] == [f"new-{name}" for name in names[1:]]


def test_half_of_a_collection_or_a_few_are_removed(ledger: Ledger, tmp_path: Path) -> None:
    names = many(tmp_path, ledger, 20)
    for name in names[:11]:
        (tmp_path / "in" / name).unlink()
    assert prune_all(ledger, tmp_path / "out") == names[:11]
    for name in names[11:]:
        (tmp_path / "in" / name).unlink()
    assert prune_all(ledger, tmp_path / "out") == names[11:]
