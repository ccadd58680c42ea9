"""The store of findings: what is kept comes back, and damage costs nothing but time."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.kept.store import Store
from pipeline.kept.storefile import STORE_NAME, VERSION
from pipeline.kept.values import InputState, Kept, Shown

SHA256 = "ab" * 32
STATE = InputState((640, 480), 1, b"", {b"report..": Shown(b"12345678", (".json",))})
KEYS = b"objects.faces..."


def kept(*chunks: bytes) -> Kept:
    return Kept(KEYS, STATE.to_bytes(), chunks)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9/\xff\n.png")
    with Store(tmp_path) as store:
        store.keep("a.jpg", SHA256, "pipeline 1", kept(b"photo"))
        store.keep("b.mp4", SHA256, "pipeline 1", kept(b"first", b"second"))
        store.keep(odd, SHA256, "pipeline 2", kept())
    with Store(tmp_path) as store:
        found = store.find("a.jpg")
        assert found is not None
        assert (found.sha256, found.fingerprint, found.known.chunks) == (SHA256, "pipeline 1", (b"photo",))
        assert InputState.from_bytes(found.known.state) == STATE
        assert [store.find(name).known.chunks for name in ("b.mp4", odd)] == [(b"first", b"second"), ()]
        assert store.find("c.jpg") is None
        assert (len(store), store.find("a.jpg").keys) == (3, KEYS)


def test_new_findings_replace_the_old_ones_and_none_leaves_them(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.keep("b.mp4", SHA256, "pipeline 1", kept(b"first", b"second"))
        store.keep("b.mp4", SHA256, "pipeline 2", Kept(b"objects.", STATE.to_bytes(), None))
        found = store.find("b.mp4")
        assert (found.fingerprint, found.known.chunks) == ("pipeline 2", (b"first", b"second"))
        assert store.find("b.mp4").keys == b"objects."
        store.keep("b.mp4", "cd" * 32, "pipeline 2", kept(b"other"))
        assert store.find("b.mp4").known.chunks == (b"other",)
        store.copy("b.mp4", "c.mp4")
        store.forget("b.mp4")
        assert store.find("b.mp4") is None
        assert store.find("c.mp4").known.chunks == (b"other",)


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.keep("a.jpg", SHA256, "pipeline 1", kept(b"photo"))
        with pytest.raises(ValueError, match="hexadecimal"):
            store.keep("a.jpg", "no hash", "pipeline 2", kept(b"other"))
        assert store.find("a.jpg").known.chunks == (b"photo",)


def test_reading_alone_changes_nothing(tmp_path: Path) -> None:
    with Store(tmp_path, read_only=True) as store:
        assert len(store) == 0
    assert list(tmp_path.iterdir()) == []
    with Store(tmp_path) as store:
        store.keep("a.jpg", SHA256, "pipeline 1", kept(b"photo"))
    before = (tmp_path / STORE_NAME).read_bytes()
    with Store(tmp_path, read_only=True) as store:
        assert store.find("a.jpg").keys == KEYS
    assert (tmp_path / STORE_NAME).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [STORE_NAME]


@pytest.mark.parametrize("content", [b"no database at all" * 999, b"", b"SQLite format 3\0" + bytes(9_000)])
def test_a_file_that_is_no_store_is_begun_again(tmp_path: Path, content: bytes) -> None:
    (tmp_path / STORE_NAME).write_bytes(content)
    with Store(tmp_path) as store:
        assert len(store) == 0
        store.keep("a.jpg", SHA256, "pipeline 1", kept(b"photo"))
        assert len(store) == 1


def test_a_store_of_another_version_or_program_is_begun_again(tmp_path: Path, caplog) -> None:
    for statement in (f"PRAGMA user_version = {VERSION + 1}", "PRAGMA application_id = 7"):
        with Store(tmp_path) as store:
            store.keep("a.jpg", SHA256, "pipeline 1", kept(b"photo"))
        with sqlite3.connect(tmp_path / STORE_NAME) as connection:
            connection.execute(statement)
        connection.close()
        with Store(tmp_path) as store:
            assert len(store) == 0
        assert "begun again" in caplog.messages[-1]


def test_damage_in_the_middle_of_a_run_empties_the_store(tmp_path: Path, caplog) -> None:
    with Store(tmp_path) as store:
        for number in range(200):
            store.keep(f"{number}.jpg", SHA256, "pipeline 1", kept(os.urandom(3_000)))
    path = tmp_path / STORE_NAME
    content = bytearray(path.read_bytes())
    for at in range(16_384, len(content), 16_384):  # every page but the first
        content[at : at + 64] = os.urandom(64)
    path.write_bytes(content)
    with Store(tmp_path) as store:
        found = [store.find(f"{number}.jpg") for number in range(200)]
        assert found[-1] is None
        store.keep("new.jpg", SHA256, "pipeline 1", kept(b"photo"))
        assert store.find("new.jpg") is not None
    assert any("damaged" in message or "begun again" in message for message in caplog.messages)


def test_something_else_in_its_place_is_said(tmp_path: Path) -> None:
    (tmp_path / STORE_NAME).mkdir()
    with pytest.raises(OutputError, match="remove it"):
        Store(tmp_path)


def test_states_that_are_damaged_are_no_states() -> None:
    content = STATE.to_bytes()
    assert InputState.from_bytes(content) == STATE
    for cut in range(len(content)):
        assert InputState.from_bytes(content[:cut]) is None
    assert InputState.from_bytes(content[:-1] + b"?") is None
