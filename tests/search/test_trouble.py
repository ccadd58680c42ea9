"""An index that is damaged, of another version, on a disk that is full or read-only, or in use."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import ExitCode, LockedError, MinerError, UsageError
from search.conditions import Everything
from search.indexing.indexing import update_index
from search.indexing.updatelock import lock_updates
from search.place import index_path
from search.sqlite import schema
from search.sqlite.indexfile import DamagedIndexError
from tests.running import PATIENCE_S, ROOT
from tests.search.collection import write_collection
from tests.search.outputs import Output
from tests.test_faults import small_disk

PROGRAM = [sys.executable, str(ROOT / "visualsearch.py")]
FILES = 16


@pytest.fixture
def output(tmp_path: Path) -> Output:
    output = Output(tmp_path / "out")
    write_collection(output)
    output.index()
    return output


def visualsearch(
    *arguments: object, prefix: tuple[str, ...] | list[str] = ()
) -> subprocess.CompletedProcess[str]:
    command = [*prefix, *PROGRAM, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)


def test_an_output_without_an_index_says_how_to_make_it(tmp_path: Path) -> None:
    done = visualsearch("query", tmp_path, "dog")
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.startswith(f"{tmp_path}: there is no search index yet; make it: ")
    assert done.stderr.endswith(f"visualsearch.py index {tmp_path}\n")


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00" + bytes(500), b"{}" * 5000])
def test_what_is_no_index_is_made_again_by_index_and_refused_by_query(output: Output, content: bytes) -> None:
    path = index_path(output.folder)
    path.write_bytes(content)
    with pytest.raises(MinerError, match=r"make it again: .*visualsearch\.py index"):
        output.open()
    assert output.index().put == FILES
    assert len(output.find("")) == FILES


def test_damage_in_the_middle_is_noticed_and_mended(output: Output, caplog: pytest.LogCaptureFixture) -> None:
    path = index_path(output.folder)
    content = bytearray(path.read_bytes())
    content[8192:] = os.urandom(len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(DamagedIndexError, match="is damaged"), output.open() as index:
        list(index.iter_documents(Everything()))
    output.index()
    assert "the index is damaged" in caplog.text
    assert len(output.find("")) == FILES


@pytest.mark.parametrize("version", [0, schema.VERSION + 1])
def test_another_version_is_made_again(output: Output, version: int) -> None:
    with contextlib.closing(sqlite3.connect(index_path(output.folder))) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(DamagedIndexError, match="another version"):
        output.open()
    assert output.index().put == FILES


def test_other_tokens_are_another_version(output: Output) -> None:
    with contextlib.closing(sqlite3.connect(index_path(output.folder))) as connection, connection:
        connection.execute("UPDATE meta SET value = '0/1.1' WHERE key = 'tokens'")
    with pytest.raises(DamagedIndexError):
        output.open()
    assert output.index().put == FILES


@pytest.mark.parametrize("kib", [64, 300])
def test_a_full_disk_is_named(output: Output, tmp_path: Path, kib: int) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk, kib) as mount:
        copy = ["sh", "-c", f'cp -r {output.folder}/film {output.folder}/2008 {disk} && exec "$@"', "sh"]
        done = visualsearch("index", disk, prefix=[*mount, *copy])
    assert done.returncode == ExitCode.ENVIRONMENT, done.stdout
    assert f"the disk mounted at {disk} is full" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_read_only_disk_is_read(output: Output) -> None:
    script = (
        f'mount --bind -o ro {output.folder} {output.folder} && mount -o remount,ro,bind "$0" && exec "$@"'
    )
    prefix = ["unshare", "--mount", "sh", "-c", script, str(output.folder)]
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"nothing can be mounted here: {tried.stderr}")
    done = visualsearch("query", output.folder, "dog", "--count", prefix=prefix)
    assert (done.returncode, done.stdout) == (ExitCode.OK, "4\n"), done.stderr
    done = visualsearch("index", output.folder, prefix=prefix)
    assert done.returncode == ExitCode.ENVIRONMENT
    assert "cannot be written (Read-only file system)" in done.stderr
    elsewhere = output.folder.parent / "elsewhere.sqlite"
    done = visualsearch("index", output.folder, "--index", elsewhere, prefix=prefix)
    assert done.returncode == ExitCode.OK, done.stderr
    done = visualsearch("query", output.folder, "dog", "--count", "--index", elsewhere)
    assert done.stdout == "4\n"


def test_queries_go_on_while_an_update_writes_and_while_another_program_reads(output: Output) -> None:
    with output.open() as reader, output.open() as writing:
        (output.folder / "empty.jpg.json").unlink()
        reading = reader.iter_documents(Everything())
        next(reading)
        assert output.index().removed == 1
        assert len(list(reading)) == FILES - 1, "it sees what was there when it began"
        assert writing.size() == FILES - 1


def test_a_second_update_waits_and_then_says_so(output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    path = index_path(output.folder)
    monkeypatch.setattr("search.indexing.indexing._WAIT_S", 0.2)
    with lock_updates(path, 0.0), pytest.raises(LockedError, match="another process is updating the index"):
        update_index(output.folder, path)
    assert update_index(output.folder, path).files == FILES


def test_two_updates_at_once_end_with_one_index(output: Output) -> None:
    index_path(output.folder).unlink()
    command = [*PROGRAM, "index", str(output.folder)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=PATIENCE_S)[0] for process in both)
    assert [process.returncode for process in both] == [ExitCode.OK, ExitCode.OK]
    assert said[0].startswith(f"{FILES} files in the index; 0 read")
    assert said[1].startswith(f"{FILES} files in the index; {FILES} read")
    assert len(output.find("")) == FILES


def test_what_stands_in_the_way_is_named(tmp_path: Path) -> None:
    output = Output(tmp_path)
    output.photo("a.jpg")
    index_path(tmp_path).mkdir()
    with pytest.raises(MinerError, match="something else stands where the index belongs"):
        output.index()


@pytest.mark.parametrize("name", [b"caf\xe9", b"100%41?x#y&mode=ro", "ü \n;'".encode()])
def test_an_output_may_be_called_anything(tmp_path: Path, name: bytes) -> None:
    output = Output(Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)))
    output.photo("a.jpg")
    output.index()
    assert output.find("") == ["a.jpg"]
    done = visualsearch("query", os.fsdecode(output.folder), "--count")
    assert done.stdout == "1\n", done.stderr


def test_a_folder_of_photos_gets_no_index(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a photo")
    done = visualsearch("index", tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.startswith(f"{tmp_path}: holds no reports; give the OUTPUT folder of a run")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_no_output_is_no_folder(tmp_path: Path) -> None:
    for command in (["query", tmp_path / "none", "dog"], ["index", tmp_path / "none"], ["show", "", "a.jpg"]):
        done = visualsearch(*command)
        assert done.returncode == ExitCode.USAGE
        assert "there is no such OUTPUT folder" in done.stderr


def test_a_query_that_takes_too_long_says_what_it_has(
    output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    from search.backend import Facet, Page
    from search.question import understand

    monkeypatch.setattr("search.sqlite.index.QUERY_SECONDS", -1.0)
    monkeypatch.setattr("search.sqlite.timebound._STEPS", 1)
    with output.open() as index:
        condition = understand("dog OR cat", index).condition
        assert not index.search(condition, Page(10)).is_complete
        assert not index.count(condition).is_exact
        assert not index.facets(condition, [Facet.LABEL], 9).is_complete
        assert index.document(b"empty.jpg") is not None, "the bound is for questions alone"


def test_a_page_of_nowhere_is_refused(output: Output) -> None:
    from search.backend import Page

    with output.open() as index, pytest.raises(UsageError, match="not the beginning of a page"):
        index.search(Everything(), Page(10, "1; DROP TABLE file"))
