"""What a machine must see of the run's storage, which a network file system may show late."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cluster import storage
from cluster.storage import MARKER_NAME, marked, reveal, storage_trouble
from tests.pictures import source_of
from tests.running import small_photo

MARKER = "0123456789abcdef"


def trouble(folder: Path, marker: str, late: list[str]) -> str | None:
    return storage_trouble(str(folder / "out"), marker, source_of(small_photo(folder / "a.png")), late.append)


def test_a_marker_that_is_there_is_found_at_once(tmp_path: Path) -> None:
    late: list[str] = []
    (tmp_path / "out").mkdir()
    with marked(tmp_path / "out", lambda: True) as marker:
        assert trouble(tmp_path, marker, late) is None
    assert late == []
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("earlier", [None, "of an earlier run"])
def test_a_marker_may_appear_late(
    earlier: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a client that has an old state of the folder in its cache."""
    marker = tmp_path / "out" / MARKER_NAME
    marker.parent.mkdir()
    if earlier is not None:
        marker.write_text(earlier)
    monkeypatch.setattr(time, "sleep", lambda _: marker.write_text(MARKER))
    late: list[str] = []
    assert trouble(tmp_path, MARKER, late) is None
    assert len(late) == 1
    assert ("No such file" if earlier is None else "a stale copy") in late[0]


def test_a_marker_that_never_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "LATE_S", 0.05)
    monkeypatch.setattr(storage, "_RETRY_S", 0.01)
    late: list[str] = []
    found = trouble(tmp_path, MARKER, late)
    assert found is not None
    assert "is not the OUTPUT of the run (No such file or directory); mount the storage" in found
    assert late == [found]
    assert not (tmp_path / "out").exists(), "a folder that is not mounted is not made"


def test_an_input_of_another_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "LATE_S", 0.0)
    (tmp_path / "out").mkdir()
    source = source_of(small_photo(tmp_path / "a.png"))
    with marked(tmp_path / "out", lambda: True) as marker:
        (tmp_path / "a.png").write_bytes(b"another")
        said = storage_trouble(str(tmp_path / "out"), marker, source, lambda _: None)
    assert said is not None
    assert "a.png, a file of INPUT, has another size there" in said


@pytest.mark.parametrize("appears", [True, False])
def test_a_folder_that_is_seen_late_is_waited_for(
    appears: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in its place stands for what a client with an old state does: the folder cannot be made."""
    folder = tmp_path / "2016"
    folder.touch()
    monkeypatch.setattr(storage, "_RETRY_S", 0.0)
    monkeypatch.setattr(time, "sleep", lambda _: folder.unlink() if appears else None)
    reveal([folder], 5.0 if appears else 0.05)
    assert folder.is_dir() is appears
