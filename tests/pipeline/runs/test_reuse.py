"""Outputs of a renamed input are as mining would have made them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from annotators.mark import MARK
from annotators.photowriter import PhotoWriter
from pipeline.ledger.record import Context, Record
from pipeline.outcome import Status
from pipeline.runs.reuse import reuse_outputs
from pipeline.source import MediaFacts, Source, SourceKind, Stamp
from reporters.jsonreportwriter import JsonReportWriter, JsonReportWriterParams

CONTEXT = Context("/in", "f00d", "")
PICTURE = b"a copy " + MARK.encode()
WRITERS = (PhotoWriter, JsonReportWriter)


def write_report(out: Path, relative: str, root: str = "/in") -> Path:
    source = Source(f"{root}/{relative}", relative, SourceKind.PHOTO, "jpeg", Stamp(5, 7))
    writer = JsonReportWriter("report", JsonReportWriterParams(), fingerprint="f00d")
    with writer.open(source, MediaFacts((8, 8), "jpeg"), out):
        pass
    return writer.path_for(source, out, ".json")


@pytest.fixture
def mined(tmp_path: Path) -> Record:
    """`2016/a.jpg`, with a report and a copy in `out`."""
    write_report(tmp_path / "out", "2016/a.jpg")
    (tmp_path / "out" / "2016" / "a.jpg-annotated.jpg").write_bytes(PICTURE)
    outputs = ("a.jpg.json", "a.jpg-annotated.jpg")
    return Record("2016/a.jpg", Stamp(5, 7), CONTEXT, Status.MINED, outputs=outputs)


@pytest.mark.parametrize("relative", ["2017/a.jpg", "b.jpg", "2016/c.jpg", os.fsdecode(b"\xff/\xe9.jpg")])
def test_as_if_it_had_been_mined(tmp_path: Path, mined: Record, relative: str) -> None:
    out, name = tmp_path / "out", os.path.basename(relative)
    names = reuse_outputs(mined, f"/in/{relative}", relative, out, WRITERS)
    assert names == (f"{name}.json", f"{name}-annotated.jpg")
    folder = (out / relative).parent
    assert (folder / names[1]).read_bytes() == PICTURE
    assert (folder / names[0]).read_bytes() == write_report(tmp_path / "mined", relative).read_bytes()
    assert (out / "2016" / "a.jpg.json").exists()
    assert (out / "2016" / "a.jpg-annotated.jpg").exists()


def test_editing_one_copy_leaves_the_other_as_it_is(tmp_path: Path, mined: Record) -> None:
    reuse_outputs(mined, "/in/b.jpg", "b.jpg", tmp_path / "out", WRITERS)
    with open(tmp_path / "out" / "b.jpg-annotated.jpg", "r+b") as copy:
        copy.write(b"PIC")
    assert (tmp_path / "out" / "2016" / "a.jpg-annotated.jpg").read_bytes() == PICTURE


def test_an_input_folder_that_was_moved(tmp_path: Path, mined: Record) -> None:
    out = tmp_path / "out"
    picture = (out / "2016" / "a.jpg-annotated.jpg").stat()
    assert reuse_outputs(mined, "/elsewhere/2016/a.jpg", "2016/a.jpg", out, WRITERS) == mined.outputs
    expected = write_report(tmp_path / "mined", "2016/a.jpg", root="/elsewhere").read_bytes()
    assert (out / "2016" / "a.jpg.json").read_bytes() == expected
    assert (out / "2016" / "a.jpg-annotated.jpg").stat().st_ino == picture.st_ino


def test_a_users_own_file_is_never_replaced(tmp_path: Path, mined: Record) -> None:
    (tmp_path / "out" / "b.jpg.json").write_text('{"title": "b.jpg"}')
    assert reuse_outputs(mined, "/in/b.jpg", "b.jpg", tmp_path / "out", WRITERS) is None
    assert (tmp_path / "out" / "b.jpg.json").read_text() == '{"title": "b.jpg"}'
    assert not (tmp_path / "out" / "b.jpg-annotated.jpg").exists()


def test_a_users_own_picture_is_never_replaced(tmp_path: Path, mined: Record) -> None:
    taken = tmp_path / "out" / "b.jpg-annotated.jpg"
    taken.write_bytes(b"my picture")
    assert reuse_outputs(mined, "/in/b.jpg", "b.jpg", tmp_path / "out", WRITERS) is None
    assert taken.read_bytes() == b"my picture"
    taken.write_bytes(b"another " + PICTURE)
    assert reuse_outputs(mined, "/in/b.jpg", "b.jpg", tmp_path / "out", WRITERS) is not None
    assert taken.read_bytes() == PICTURE


def test_names_that_were_cut(tmp_path: Path) -> None:
    name = "n" * 255
    report = write_report(tmp_path / "out", name)
    record = Record(name, Stamp(5, 7), CONTEXT, Status.MINED, outputs=(report.name,))
    assert reuse_outputs(record, "/in/b.jpg", "b.jpg", tmp_path / "out", WRITERS) == ("b.jpg.json",)
    other = replace(record, relative="n" * 254 + "m")
    assert reuse_outputs(other, "/in/c.jpg", "c.jpg", tmp_path / "out", WRITERS) is None


def test_a_long_new_name_is_cut(tmp_path: Path, mined: Record) -> None:
    names = reuse_outputs(mined, f"/in/{'n' * 255}", "n" * 255, tmp_path / "out", WRITERS)
    assert names is not None
    assert all(len(name) == 255 and (tmp_path / "out" / name).exists() for name in names)


def test_outputs_that_are_not_as_the_ledger_has_them_are_not_reused(tmp_path: Path, mined: Record) -> None:
    (tmp_path / "out" / "2016" / "a.jpg.json").write_text("{}")
    assert reuse_outputs(mined, "/in/b.jpg", "b.jpg", tmp_path / "out", WRITERS) is None
    (tmp_path / "out" / "2016" / "a.jpg-annotated.jpg").unlink()
    assert reuse_outputs(mined, "/in/c.jpg", "c.jpg", tmp_path / "out", WRITERS) is None
    assert not list((tmp_path / "out").glob(".*.part"))


def test_colliding_names_are_left_for_mining_to_report(tmp_path: Path, mined: Record) -> None:
    (tmp_path / "out" / "2017").write_bytes(b"a file where a folder is needed")
    assert reuse_outputs(mined, "/in/2017/a.jpg", "2017/a.jpg", tmp_path / "out", WRITERS) is None
    (tmp_path / "out" / "b.jpg-annotated.jpg").mkdir()
    assert reuse_outputs(mined, "/in/b.jpg", "b.jpg", tmp_path / "out", WRITERS) is None
    assert not (tmp_path / "out" / "b.jpg.json").exists()


def test_output_that_cannot_be_written_ends_the_run(
    tmp_path: Path, mined: Record, unprivileged: list[str], run_python: Callable[..., list[str]]
) -> None:
    code = """
from pathlib import Path
from pipeline.runs.reuse import reuse_outputs
from pipeline.errors import OutputError
from pipeline.ledger.record import Context, Record
from pipeline.outcome import Status
from pipeline.source import Stamp
from reporters.jsonreportwriter import JsonReportWriter
record = Record("2016/a.jpg", Stamp(5, 7), Context("/in", "", ""), Status.MINED, outputs=("a.jpg.json",))
try:
    reuse_outputs(record, "/in/b.jpg", "b.jpg", Path(sys.argv[1]), [JsonReportWriter])
except OutputError as error:
    answer = str(error)
"""
    (tmp_path / "out").chmod(0o555)
    message = run_python(code, tmp_path / "out", prefix=unprivileged)
    (tmp_path / "out").chmod(0o755)
    assert "cannot be written (Permission denied)" in message
