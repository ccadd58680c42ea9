from __future__ import annotations

import subprocess

import numpy as np

from annotators.matroska import frame_header, stream_header
from pipeline.host.ffmpeg import ffmpeg_path


def test_ffmpeg_reads_frames_and_their_times():
    rng = np.random.default_rng(1)
    frames = rng.integers(0, 256, (4, 5, 7, 3), np.uint8)
    times = (0, 1, 40_017, 3_600_000_000)
    stream = stream_header((7, 5))
    for frame, time_us in zip(frames, times, strict=True):
        stream += frame_header(time_us, frame.nbytes) + frame.tobytes()
    command = [ffmpeg_path(), "-v", "error", "-f", "matroska", "-i", "pipe:0", "-fps_mode", "passthrough"]
    command += ["-enc_time_base", "demux", "-c:v", "rawvideo", "-f"]
    pixels = subprocess.run([*command, "rawvideo", "-"], input=stream, capture_output=True, check=True).stdout
    assert pixels == frames.tobytes()
    said = subprocess.run([*command, "framecrc", "-"], input=stream, capture_output=True, check=True).stdout
    lines = [line.split(b",") for line in said.splitlines() if not line.startswith(b"#")]
    assert [int(line[2]) for line in lines] == list(times)
