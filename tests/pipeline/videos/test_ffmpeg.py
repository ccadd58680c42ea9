"""ffmpeg as a subprocess: it hangs, dies, floods, is missing, loses its parent."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pipeline.errors import FailureCode, SourceError
from pipeline.host.ffmpeg import ffmpeg_path
from pipeline.source import Limits, Source, SourceKind
from pipeline.videos import ffmpeg as ffmpeg_module
from pipeline.videos import pipereader
from pipeline.videos.ffmpeg import Ffmpeg, StderrParser, input_arguments
from pipeline.videos.pipereader import PipeReader
from pipeline.videos.probe import probe_file
from pipeline.videos.reader import ReadStats, iter_frames, split_video
from pipeline.videos.sampling import Sampling
from tests.conftest import ROOT
from tests.videos import make_video, source_of

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "20")
ENDLESS = ("-f", "lavfi", "-i", "testsrc2=size=640x360")


@pytest.fixture
def new_children():
    """Gives the child processes, of children too, that did not exist before the test."""
    others = set(psutil.Process().children(recursive=True))  # multiprocessing's own
    return lambda: set(psutil.Process().children(recursive=True)) - others


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a shell script into ffmpeg's place; what it is called with follows as "$@"."""

    def put(script: str) -> None:
        path = tmp_path / "stand-in"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(path))

    return put


def test_finds_the_one_that_imageio_ffmpeg_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMAGEIO_FFMPEG_EXE", raising=False)
    assert os.access(ffmpeg_path(), os.X_OK)


def test_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", *X264, frames=5)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/no/such/ffmpeg")
    with pytest.raises(SourceError, match='"/no/such/ffmpeg" cannot be run; install') as caught:
        probe_file(source_of(video), Limits())
    assert caught.value.code is FailureCode.DECODER_FAILED


def test_too_old(stand_in, tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", *X264, frames=5)
    stand_in("echo \"[fatal] Unrecognized option 'stats_enc_pre'.\" >&2; exit 8")
    with pytest.raises(
        SourceError, match=r"stand-in is too old \(Unrecognized option 'stats_enc_pre'"
    ) as caught:
        probe_file(source_of(video), Limits())
    assert caught.value.code is FailureCode.DECODER_FAILED


def test_hanging_while_the_video_is_probed(stand_in, new_children, tmp_path: Path, monkeypatch) -> None:
    video = make_video(tmp_path / "a.mp4", *X264, frames=5)
    stand_in("sleep 1000 & wait")
    monkeypatch.setattr(pipereader, "TIMEOUT_S", 0.2)
    with pytest.raises(SourceError, match=r"ffmpeg gave nothing for 0\.2 s") as caught:
        probe_file(source_of(video), Limits())
    assert caught.value.code is FailureCode.DECODER_TIMEOUT
    assert not new_children()


def test_hanging_between_frames_is_killed_with_what_it_started(
    stand_in, new_children, tmp_path: Path, monkeypatch
) -> None:
    source = source_of(make_video(tmp_path / "a.mp4", *X264, frames=5))
    video = probe_file(source, Limits())
    (segment,) = split_video(source, video, Sampling())
    stand_in("sleep 1000 & wait")
    monkeypatch.setattr(pipereader, "TIMEOUT_S", 0.2)
    with pytest.raises(SourceError) as caught:
        next(iter_frames(source, video.facts, segment, ReadStats()))
    assert caught.value.code is FailureCode.DECODER_TIMEOUT
    assert not new_children()


def test_killed_from_outside(new_children, tmp_path: Path) -> None:
    source = source_of(make_video(tmp_path / "a.mp4", *X264, frames=200, filters=["scale=1280:768"]))
    video = probe_file(source, Limits())
    segment = split_video(source, video, Sampling())[0]
    frames = iter_frames(source, video.facts, segment, ReadStats())
    next(frames)
    (running,) = new_children()
    running.kill()
    with pytest.raises(SourceError, match="ffmpeg was killed by SIGKILL") as caught:
        list(frames)
    assert caught.value.code is FailureCode.DECODER_FAILED


def test_flood_of_complaints_blocks_nothing_and_is_not_kept(stand_in) -> None:
    stand_in(
        "echo '[mov @ 0x1] [error] the first one' >&2;"
        "yes '[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [warning] corrupt decoded frame' | head -n 200000 >&2"
    )
    with Ffmpeg((), (), "warning") as ffmpeg:
        assert ffmpeg.end() == 0
    assert ffmpeg.stderr.decoder_errors == 200_000
    assert ffmpeg.stderr.first_error == "the first one"


def test_complaints_of_a_real_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(make_video(tmp_path / "whole.mp4", *X264).read_bytes()[:2000])
    with Ffmpeg((*input_arguments(source_of(path)), "-f", "null", "-"), (), "warning") as ffmpeg:
        assert ffmpeg.end() != 0
    assert ffmpeg.stderr.first_error == "moov atom not found"


def test_opens_nothing_but_files(tmp_path: Path) -> None:
    source = Source("http://localhost:1/a.mp4", "a.mp4", SourceKind.VIDEO, "mp4", 1, 0)
    with Ffmpeg((*input_arguments(source), "-f", "null", "-"), (), "error") as ffmpeg:
        assert ffmpeg.end() != 0
    assert "No such file or directory" in ffmpeg.stderr.first_error


def test_writes_no_report_that_the_environment_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FFREPORT", f"file={tmp_path / 'report.log'}")
    with Ffmpeg(("-f", "lavfi", "-i", "color=duration=0.1", "-f", "null", "-"), (), "error") as ffmpeg:
        assert ffmpeg.end() == 0
    assert not list(tmp_path.iterdir())


def test_leads_a_process_group_of_its_own(new_children) -> None:
    pipe = PipeReader()
    with Ffmpeg((*ENDLESS, "-f", "rawvideo", pipe.url), (pipe,), "error") as ffmpeg:
        assert pipe.read_into(memoryview(bytearray(10)))
        (running,) = new_children()
        assert os.getpgid(running.pid) == running.pid
    assert ffmpeg.stderr.first_error == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PR_SET_PDEATHSIG is Linux's")
def test_dies_with_its_parent() -> None:
    code = (
        "import os, sys, psutil\n"
        "from pipeline.videos.pipereader import PipeReader\n"
        "from pipeline.videos.ffmpeg import Ffmpeg\n"
        "pipe = PipeReader()\n"
        f"arguments = (*{ENDLESS!r}, '-vf', 'select=0', '-f', 'rawvideo', pipe.url)\n"
        "with Ffmpeg(arguments, (pipe,), 'error') as ffmpeg:\n"
        "    print(psutil.Process().children()[0].pid, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        orphan = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
        orphan.wait(timeout=30)  # it writes nothing, so no broken pipe would tell it


def test_imports_nothing_heavy(run_python) -> None:
    heavy = run_python(
        "import pipeline.videos.ffmpeg, pipeline.videos.segments, pipeline.videos.sampling\n"
        "answer = sorted({'numpy', 'cv2', 'tensorflow', 'imageio_ffmpeg'} & set(sys.modules))"
    )
    assert heavy == []


def test_understands_how_ffmpeg_prints() -> None:
    pipe = PipeReader()
    os.write(
        pipe.write_end,
        b"[info]   Duration: 00:00:12.00, start: 0.000000, bitrate: 813 kb/s\n"
        b"[in#0/matroska,webm @ 0x556490143100] [error] File ended prematurely\n"
        b"[h264 @ 0x5589ecff3880] [error] mmco: unref short failure\n"
        b"    Last message repeated 3 times\n"
        b"[vist#0:0/av1 @ 0x1] [dec:libdav1d @ 0x2] [error] Error submitting packet to decoder: no",
    )
    pipe.close_write_end()
    stderr = StderrParser(pipe)
    stderr.join()
    pipe.close()
    assert stderr.notes == ["  Duration: 00:00:12.00, start: 0.000000, bitrate: 813 kb/s"]
    assert stderr.container_errors == 1
    assert stderr.decoder_errors == 1
    assert stderr.first_error == "File ended prematurely"
    assert ffmpeg_module.MAX_FRAME_PIXELS >= 7680 * 4320
