"""What AVI and ASF headers promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.source import HEAD_BYTES
from pipeline.videos.header import DeclaredLength, read_declared_length
from tests.videos import make_video


@pytest.mark.parametrize(("name", "container"), [("a.avi", "avi"), ("a.wmv", "asf")])
def test_cut_files_are_known_by_their_headers(name: str, container: str, tmp_path: Path) -> None:
    content = make_video(tmp_path / name, "-q:v", "5", frames=50).read_bytes()
    whole = read_declared_length(content[:HEAD_BYTES], container, len(content))
    assert not whole.exceeds_file
    assert whole.duration_s == pytest.approx(2, abs=0.1)
    assert whole.frames in (50, None)
    assert read_declared_length(content[:HEAD_BYTES], container, len(content) - 1).exceeds_file


@pytest.mark.parametrize("container", ["avi", "asf", "mp4", "matroska"])
@pytest.mark.parametrize("head", [b"", b"RIFF", bytes(HEAD_BYTES)])
def test_heads_that_promise_nothing(container: str, head: bytes) -> None:
    assert read_declared_length(head, container, 0) == DeclaredLength()


def test_avi_that_was_never_finished(tmp_path: Path) -> None:
    content = bytearray(make_video(tmp_path / "a.avi", "-q:v", "5", frames=5).read_bytes())
    content[4:8] = bytes(4)
    assert not read_declared_length(bytes(content[:HEAD_BYTES]), "avi", len(content)).exceeds_file
