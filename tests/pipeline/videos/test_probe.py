"""Looking at videos: their facts, and what is no video that can be mined."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.errors import FailureCode, SourceError
from pipeline.host.ffmpeg import ffmpeg_path
from pipeline.source import Limits
from pipeline.videos.probe import probe_file
from tests.videos import RATE, SIZE_WH, ffmpeg, make_video, source_of

X264 = ("-c:v", "libx264", "-preset", "veryfast", "-g", "20", "-sc_threshold", "0")
TAGS = (
    *("-metadata", "creation_time=2021-06-05T04:03:02Z", "-metadata", "location=+48.8584+002.2945+035.000/"),
    *("-metadata", "com.apple.quicktime.make=Apple", "-metadata", "com.apple.quicktime.model=iPhone 12"),
    *("-movflags", "use_metadata_tags"),
)


def code_of(path: Path) -> FailureCode:
    """Why a file cannot be probed."""
    with pytest.raises(SourceError) as caught:
        probe_file(source_of(path), Limits())
    return caught.value.code


def test_facts_of_a_phone_video(tmp_path: Path) -> None:
    pictures = make_video(tmp_path / "pictures.mp4", *X264)
    path = tmp_path / "phone.mov"
    sound = ("-f", "lavfi", "-i", "sine=duration=4")
    ffmpeg("-display_rotation", "-90", "-i", pictures, *sound, *TAGS, "-c:v", "copy", path)
    video = probe_file(source_of(path), Limits())
    assert dataclasses.asdict(video.facts) == {
        "size_wh": SIZE_WH[::-1],
        "container": "mp4",
        "codec": "h264",
        "rotation": 90,
        "sample_aspect": 1,
        "frame_rate": RATE,
        "duration_s": 4.0,
        "declared_frames": 100,
        "has_sound": True,
        "is_cut_off": False,
        "lead_s": 0.0,
        "capture": {
            "taken": "2021-06-05T04:03:02+00:00",
            "camera": "Apple iPhone 12",
            "latitude": 48.8584,
            "longitude": 2.2945,
            "altitude": 35.0,
        },
        "is_mirrored": False,
        "goes_on": False,
        "streams": {"video": "V:0", "sound": "a:0", "videos": 1},
        "coding": {"matrix": None, "space": None, "is_interlaced": False, "is_full_range": False},
    }
    times = video.times
    assert times.by_pts
    assert [times.seconds(index) for index in times.keyframes] == pytest.approx([0, 0.8, 1.6, 2.4, 3.2])
    assert times.seconds(99) == pytest.approx(99 / RATE)


def test_frame_rate_is_exact(tmp_path: Path) -> None:
    path = tmp_path / "ntsc.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=rate=30000/1001:duration=1", *X264, path)
    assert probe_file(source_of(path), Limits()).facts.frame_rate == Fraction(30000, 1001)


def test_cover_art_is_no_video(tmp_path: Path) -> None:
    cover, pictures, path = tmp_path / "cover.png", tmp_path / "pictures.mp4", tmp_path / "with-cover.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=red:size=200x200", "-frames:v", "1", cover)
    make_video(pictures, *X264)
    ffmpeg(
        "-i",
        pictures,
        "-i",
        cover,
        *("-map", "1", "-map", "0", "-c", "copy"),
        "-disposition:v:0",
        "attached_pic",
        path,
    )
    assert probe_file(source_of(path), Limits()).facts.size_wh == SIZE_WH
    only_sound = tmp_path / "album.mp4"
    sound = ("-f", "lavfi", "-i", "sine=duration=1")
    ffmpeg(
        *sound,
        "-i",
        cover,
        *("-map", "0", "-map", "1", "-c:v", "copy"),
        "-disposition:v",
        "attached_pic",
        only_sound,
    )
    assert code_of(only_sound) is FailureCode.NO_VIDEO_STREAM


def test_what_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"")
    assert code_of(path) is FailureCode.EMPTY_FILE
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", path)
    assert code_of(path) is FailureCode.NO_VIDEO_STREAM
    whole = make_video(path, *X264).read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])  # its index was at the end
    assert code_of(path) is FailureCode.UNREADABLE_VIDEO
    path.write_bytes(whole[:40] + os.urandom(5000))
    assert code_of(path) is FailureCode.UNREADABLE_VIDEO


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nreal.mp4\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile real.mp4\n",
        "v=0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    ],
)
def test_lists_that_lead_elsewhere_are_not_followed(text: str, tmp_path: Path) -> None:
    make_video(tmp_path / "real.mp4", *X264, frames=5)
    path = tmp_path / "list.mp4"
    path.write_text(text)
    assert code_of(path) is FailureCode.UNREADABLE_VIDEO


def test_what_is_no_file(tmp_path: Path) -> None:
    source = source_of(make_video(tmp_path / "a.mp4", *X264, frames=5))
    os.unlink(source.path)
    with pytest.raises(SourceError) as caught:
        probe_file(source, Limits())
    assert caught.value.code is FailureCode.VANISHED
    os.mkfifo(source.path)
    with pytest.raises(SourceError) as caught:
        probe_file(source, Limits())
    assert caught.value.code is FailureCode.NOT_A_REGULAR_FILE


def test_permission_denied(run_python, unprivileged: list[str], tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", *X264, frames=5)
    code = (
        "from pipeline.errors import SourceError\n"
        "from pipeline.source import Limits\n"
        "from pipeline.videos.probe import probe_file\n"
        "from tests.videos import source_of\n"
        "source = source_of(sys.argv[1])\n"
        "__import__('os').chmod(source.path, 0)\n"
        "try:\n    probe_file(source, Limits())\nexcept SourceError as error:\n    answer = error.code"
    )
    assert run_python(code, path, prefix=unprivileged) == "unreadable"


def test_frames_that_are_too_large(tmp_path: Path) -> None:
    source = source_of(make_video(tmp_path / "a.mp4", *X264, frames=5))
    with pytest.raises(
        SourceError, match=r"160x96 is 0\.0 megapixels; a video's frames may have 0\.0"
    ) as caught:
        probe_file(source, Limits(max_pixels=160 * 96 - 1))
    assert caught.value.code is FailureCode.TOO_LARGE
    path = tmp_path / "huge.avi"
    ffmpeg("-f", "lavfi", "-i", "color=size=9000x9000", "-frames:v", "1", "-c:v", "mjpeg", path)
    assert code_of(path) is FailureCode.TOO_LARGE


def test_codec_without_a_decoder(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    content = make_video(path, "-c:v", "mpeg4", "-vtag", "XVID", frames=5).read_bytes()
    path.write_bytes(content.replace(b"XVID", b"ZZZZ"))
    with pytest.raises(
        SourceError, match=r"frames can be decoded: .* codec that ffmpeg does not know"
    ) as caught:
        probe_file(source_of(path), Limits())
    assert caught.value.code is FailureCode.DECODER_FAILED


def test_undecodable_frames(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", "-c:v", "ffv1", frames=20)
    content = path.read_bytes()
    start = content.index(b"\x1f\x43\xb6\x75") + 40  # the first cluster
    path.write_bytes(content[:start] + bytes(byte ^ 0x5A for byte in content[start:]))
    assert code_of(path) in (FailureCode.DECODER_FAILED, FailureCode.UNREADABLE_VIDEO)


def test_what_ffmpeg_says_only_in_its_log_is_still_said_so(tmp_path: Path) -> None:
    """The two lines of text that the probe relies on, from the ffmpeg that is installed."""
    path = tmp_path / "a.mp4"
    ffmpeg("-display_rotation", "90", "-i", make_video(tmp_path / "b.mp4", *X264), "-c", "copy", path)
    command = [ffmpeg_path(), "-nostdin", "-hide_banner", "-loglevel", "level+info", "-i", path]
    log = subprocess.run(command, capture_output=True, text=True).stderr
    assert "\n[info]   Duration: 00:00:04.00, start: 0.000000" in log
    assert "\n[info]       Display Matrix: rotation of 90.00 degrees" in log
