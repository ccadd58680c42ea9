"""The lengths that AVI, ASF and FLV files declare."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from pipeline.formats import HEAD_BYTES
from pipeline.videos.header import DeclaredLength, read_declared_length
from tests.videos import make_video, read_video


def declared_by(content: bytes | bytearray, container: str, size_bytes: int | None = None) -> DeclaredLength:
    """What a file of this content declares."""
    size_bytes = len(content) if size_bytes is None else size_bytes
    return read_declared_length(io.BytesIO(content), container, size_bytes)


@pytest.mark.parametrize(("name", "container"), [("a.avi", "avi"), ("a.wmv", "asf")])
def test_cut_files_are_known_by_their_headers(name: str, container: str, tmp_path: Path) -> None:
    content = make_video(tmp_path / name, "-q:v", "5", frames=50).read_bytes()
    whole = declared_by(content[:HEAD_BYTES], container, len(content))
    assert not whole.exceeds_file
    assert whole.duration_s == pytest.approx(2, abs=0.1)
    assert whole.frames in (50, None)
    assert declared_by(content[:HEAD_BYTES], container, len(content) - 1).exceeds_file


@pytest.mark.parametrize("container", ["avi", "asf", "flv", "mp4", "matroska"])
@pytest.mark.parametrize("head", [b"", b"RIFF", bytes(HEAD_BYTES)])
def test_heads_that_declare_nothing(container: str, head: bytes) -> None:
    assert declared_by(head, container, 0) == DeclaredLength()


def test_avi_that_was_never_finished(tmp_path: Path) -> None:
    content = bytearray(make_video(tmp_path / "a.avi", "-q:v", "5", frames=5).read_bytes())
    content[4:8] = bytes(4)
    assert not declared_by(content[:HEAD_BYTES], "avi", len(content)).exceeds_file


def test_avi_whose_size_counts_its_own_header(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.avi", "-q:v", "5", frames=5)
    content = bytearray(path.read_bytes())
    content[4:8] = struct.pack("<I", len(content))
    path.write_bytes(content)
    assert not read_video(path).video.facts.is_cut_off
    path.write_bytes(content[:-1])
    assert read_video(path).video.facts.is_cut_off


@pytest.mark.parametrize("declared_s", [0.0, 1.0, 9999.0])
def test_flv_that_declares_another_duration(declared_s: float, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.flv", "-c:v", "flv1", frames=50)
    content = bytearray(path.read_bytes())
    at = content.index(b"\0\x08duration") + 11
    content[at : at + 8] = struct.pack(">d", declared_s)
    path.write_bytes(content)
    facts = read_video(path).video.facts
    assert facts.duration_s == pytest.approx(2, abs=0.05)
    assert facts.declared_frames == 50
    assert not facts.is_cut_off


def test_flv_that_is_cut_off(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.flv", "-c:v", "flv1", frames=100)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    facts = read_video(path).video.facts
    assert facts.is_cut_off
    assert facts.duration_s == pytest.approx(4, abs=0.1)
