"""What ffmpeg says of broken videos, in words; the videos and the messages are real."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import FailureCode, SourceError
from pipeline.source import Limits
from pipeline.videos.ffmpegwords import in_words
from pipeline.videos.probe import probe_file
from tests.videos import make_video, source_of

X264 = ("-c:v", "libx264")


def why(path: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        probe_file(source_of(path), Limits())
    return caught.value


def test_a_recording_that_was_cut_off_lacks_its_index(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", *X264, frames=20)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    error = why(path)
    assert error.code is FailureCode.UNREADABLE_VIDEO
    assert error.sentence == (
        "it cannot be opened: the end of the video, with its index, is missing (ffmpeg: moov atom not found)"
    )


@pytest.mark.parametrize(("ending", "codec"), [("webm", ("-c:v", "libvpx")), ("wmv", ("-c:v", "wmv2"))])
def test_damaged_headers(tmp_path: Path, ending: str, codec: tuple[str, ...]) -> None:
    path = make_video(tmp_path / f"a.{ending}", *codec, frames=20)
    content = path.read_bytes()
    path.write_bytes(content[:64] + bytes(byte ^ 0x5A for byte in content[64:]))
    assert ": its data is damaged (ffmpeg: " in why(path).sentence


def test_a_file_of_which_only_the_beginning_was_copied(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.webm", "-c:v", "libvpx", frames=20)
    path.write_bytes(path.read_bytes()[:300])
    assert ": it ends too early (ffmpeg: " in why(path).sentence


def test_words_of_errors_that_need_other_machines() -> None:
    assert in_words("Error opening input: Input/output error").startswith(
        ": the disk cannot read it (ffmpeg: Inp"
    )
    assert in_words("Cannot allocate memory").startswith(": there is too little memory")
    assert in_words("something new") == " (ffmpeg: something new)"
    assert in_words("") == "; ffmpeg gives no reason"
