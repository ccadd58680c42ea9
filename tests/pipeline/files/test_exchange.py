"""Two files that change places."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.files import exchange as module
from pipeline.files.exchange import exchange


def test_they_change_places(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / os.fsdecode(b"caf\xe9")
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    inodes = one.stat().st_ino, other.stat().st_ino
    assert exchange(str(one), str(other))
    assert (one.read_bytes(), other.read_bytes()) == (b"2", b"1")
    assert (other.stat().st_ino, one.stat().st_ino) == inodes


def test_a_missing_file_is_an_error_and_changes_nothing(tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.write_bytes(b"1")
    with pytest.raises(FileNotFoundError):
        exchange(str(one), str(tmp_path / "no"))
    assert one.read_bytes() == b"1"


def test_a_system_that_cannot_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_renameat2", lambda: None)
    assert not exchange(str(tmp_path), str(tmp_path))
