#!/usr/bin/env bash
# Where an MP4's edit list leaves a gap, ffmpeg shows the beginning of the video once more.
#
# Guess:    an empty edit (media time -1) in the middle shows nothing for its duration: frames stop, and go on later
#           at their times. ffmpeg honours empty edits; at the start of a track they delay it.
# Real:     ffmpeg, PyAV and OpenCV fill a gap in the middle with frames from the beginning of the media: frames are
#           decoded twice, at times at which the edit list shows nothing. There is no warning.
# Versions: imageio-ffmpeg 0.8.1 (ffmpeg 9.0.2), av 18.1.0 (its libavformat 62), opencv-python-headless 4.14.0.94.
# Matters:  a person is reported at a time at which the video does not show anybody.
#
# Seen (20 frames, 10 a second; the edit list shows 0 to 9 from 0 s on, nothing from 1 s on, 10 to 19 from 2 s on):
#   ffmpeg: 0 to 9, 0 to 19
#   PyAV: 0 to 9, 0 to 19
#   OpenCV: 0 to 9, 0 to 19
#   PyAV, from 1.0 to 1.9 s: 0 to 9
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv imageio-ffmpeg==0.8.1 av==18.1.0 opencv-python-headless==4.14.0.94 numpy==2.4.6

# Frame n has the luma 20 + 5 n.
ffmpeg -v error -f lavfi -i "color=black:s=64x48:r=10:d=2,format=yuv420p,geq=lum='20+5*N':cb=128:cr=128" \
    -c:v libx264 -bf 0 -qp 0 plain.mp4
python - <<'PY'
import struct

data = bytearray(open("plain.mp4", "rb").read())


def box(*path):
    """Where the box at `path` begins."""
    start, end = 0, len(data)
    for kind in path:
        while data[start + 4 : start + 8] != kind.encode():
            start += struct.unpack_from(">I", data, start)[0]
            assert start < end
        found, end = start, start + struct.unpack_from(">I", data, start)[0]
        start += 8
    return found


second = struct.unpack_from(">I", data, box("moov", "mvhd") + 20)[0]
media_second = struct.unpack_from(">I", data, box("moov", "trak", "mdia", "mdhd") + 20)[0]
edits = b"".join(struct.pack(">Iihh", second, time, 1, 0) for time in (0, -1, media_second))
elst = struct.pack(">I4sII", 16 + len(edits), b"elst", 0, 3) + edits
edts = struct.pack(">I4s", 8 + len(elst), b"edts") + elst
place = box("moov", "trak", "edts")
old = struct.unpack_from(">I", data, place)[0]
for at in (box("moov"), box("moov", "trak")):  # the media lies before them, so its offsets stay right
    struct.pack_into(">I", data, at, struct.unpack_from(">I", data, at)[0] + len(edts) - old)
struct.pack_into(">I", data, box("moov", "mvhd") + 24, 3 * second)
struct.pack_into(">I", data, box("moov", "trak", "tkhd") + 28, 3 * second)
data[place : place + old] = edts
open("gap.mp4", "wb").write(data)
PY
ffmpeg -v error -i gap.mp4 -fps_mode passthrough -f rawvideo -pix_fmt yuv420p frames.yuv

python - <<'PY'
import sys

import av
import cv2
import numpy as np

raw = np.fromfile("frames.yuv", np.uint8).reshape(-1, 72 * 64)
by_ffmpeg = [round((frame[: 48 * 64].mean() - 20) / 5) for frame in raw]
with av.open("gap.mp4") as file:
    by_pyav = [(round(f.time, 1), round((f.to_ndarray()[:48, :64].mean() - 20) / 5)) for f in file.decode(video=0)]
video, by_opencv = cv2.VideoCapture("gap.mp4"), []
while (answer := video.read())[0]:
    by_opencv.append(round((answer[1].mean() * 219 / 255 + 16 - 20) / 5))


def runs(numbers):
    """0, 1, 2, 7, 8 -> "0 to 2, 7 to 8"."""
    starts = [i for i, number in enumerate(numbers) if i == 0 or number != numbers[i - 1] + 1]
    return ", ".join(f"{numbers[a]} to {numbers[b - 1]}" for a, b in zip(starts, [*starts[1:], len(numbers)]))


for name, numbers in (("ffmpeg", by_ffmpeg), ("PyAV", [number for _, number in by_pyav]), ("OpenCV", by_opencv)):
    print(f"{name}: {runs(numbers)}")
print(f"PyAV, from 1.0 to 1.9 s: {runs([number for time, number in by_pyav if 1 <= time < 2])}")
again = [*range(10), *range(10), *range(10, 20)]
if not by_ffmpeg == [number for _, number in by_pyav] == by_opencv == again or (1.0, 0) not in by_pyav:
    sys.exit("the gap of an edit list is no longer filled with the beginning.")
PY
