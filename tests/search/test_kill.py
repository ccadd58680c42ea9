"""An update that is killed anywhere leaves an index that can be asked, and the next update completes it."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest

from search.conditions import Everything
from search.documents import Document
from search.indexing import updating
from search.place import index_path
from search.sqlite.index import SqliteIndex
from tests.search.killing import in_child
from tests.search.outputs import Output, label, name

POINTS = 20


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Output:
    """An OUTPUT of 60 photos that was indexed, and in which a third has changed, gone or come since."""
    monkeypatch.setattr(updating, "BATCH", 4)
    monkeypatch.setattr(updating, "LEAST_COMMIT", 12)
    output = Output(tmp_path / "out")
    for number in range(60):
        output.photo(f"{number % 7}/IMG_{number}.jpg", label("dog"), taken="2008-01-01T00:00:00")
    output.index()
    for number in range(20):
        output.photo(f"{number % 7}/IMG_{number}.jpg", label("cat"), name("Anna"), camera=f"Maker {number}")
    for number in range(20, 40):
        (output.folder / f"{number % 7}/IMG_{number}.jpg.json").unlink()
    for number in range(60, 80):
        output.photo(f"new/{number % 3}/IMG_{number}.jpg", label("bird"))
    return output


def known(output: Output) -> dict[bytes, Document]:
    with output.open() as index:
        index.check()
        return {one.path: one for one in index.iter_documents(Everything())}


def update_until(output: Output, statement: int, counted: Path) -> None:
    """Update the index, and be killed before this SQL statement; note how many there were."""
    seen = 0

    def on_statement(_: str) -> None:
        nonlocal seen
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1

    with SqliteIndex(index_path(output.folder), writable=True) as index:
        index._connection.set_trace_callback(on_statement)
        updating.update(index, output.folder)
    counted.write_text(str(seen))


def test_killed_at_twenty_points(output: Output, tmp_path: Path) -> None:
    before = known(output)
    shutil.copytree(output.folder, tmp_path / "undisturbed")
    undisturbed = Output(tmp_path / "undisturbed")
    in_child(lambda: update_until(undisturbed, -1, tmp_path / "count"))
    statements = int((tmp_path / "count").read_text())
    after = known(undisturbed)
    assert (len(before), len(after)) == (60, 60)
    assert before.keys() != after.keys()
    halfway = 0
    for point in range(POINTS):
        folder = tmp_path / f"killed-{point}"
        shutil.copytree(output.folder, folder)
        killed = Output(folder)
        statement = statements * point // POINTS
        status = in_child(lambda killed=killed, at=statement: update_until(killed, at, tmp_path / "c"))
        assert os.WIFSIGNALED(status), "it was killed"
        left = known(killed)
        assert all(one == before.get(path) or one == after.get(path) for path, one in left.items())
        halfway += left != before and left != after
        killed.index()
        assert known(killed) == after
        assert killed.find("cat") == undisturbed.find("cat")
        assert killed.find("path:new") == undisturbed.find("path:new")
        words_are_sound(killed)
    assert halfway > POINTS / 4, "what was committed before the kill has stayed"


def test_killed_while_it_is_made_for_the_first_time(output: Output, tmp_path: Path) -> None:
    output.index()
    complete = known(output)
    for point in range(0, 40, 4):
        for path in output.folder.glob(".deepvisualminer.index.sqlite*"):
            path.unlink()
        in_child(lambda at=point: update_until(output, at, tmp_path / "c"))
        output.index()
        assert known(output) == complete


def words_are_sound(output: Output) -> None:
    """The text index has just what the files' paths give."""
    connection = sqlite3.connect(index_path(output.folder), isolation_level=None)
    connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    files = {row[0] for row in connection.execute("SELECT id FROM file")}
    assert {row[0] for row in connection.execute("SELECT rowid FROM words WHERE words MATCH 'jpg'")} == files
    terms = connection.execute("SELECT id, files FROM term").fetchall()
    for term, count in terms:
        assert connection.execute("SELECT count(*) FROM posting WHERE term = ?", (term,)).fetchone() == (
            count,
        )
    (total,) = connection.execute("SELECT sum(files) FROM facet WHERE kind = 'type'").fetchone()
    assert total == len(files)
    connection.close()
