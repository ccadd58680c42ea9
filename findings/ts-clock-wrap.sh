#!/usr/bin/env bash
# A transport stream whose 33-bit clock wraps begins at a negative time, and OpenCV's time is another one.
#
# Guess:    the clock of MPEG-TS wraps after 26.5 hours; a demuxer continues past the wrap, so that times begin at
#           about 95438 s and grow, or it counts from 0.
# Real:     ffmpeg's demuxer, and so PyAV, shifts what lies before the wrap: the clip begins at -4.3 s and passes 0
#           in the middle. OpenCV counts from 0. Without a wrap PyAV's times begin at what the clock says, here
#           1001.4 s.
# Versions: imageio-ffmpeg 0.8.1 (ffmpeg 9.0.2), av 18.1.0, opencv-python-headless 4.14.0.94.
# Matters:  broadcast recorders and cameras on a network run for days, so any recording may hold a wrap. A program
#           that takes negative times for priming or damage drops the first seconds, and where sound begins before
#           the picture it loses their distance if it cuts off at 0.
#
# Seen (250 frames at 25 a second):
#   PyAV:   250 frames from -4.32 to 5.64 s
#   OpenCV: 250 frames from 0.00 to 9.96 s
#   the same clip begun at 1000 s, PyAV: 250 frames from 1001.40 to 1011.36 s
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv imageio-ffmpeg==0.8.1 av==18.1.0 opencv-python-headless==4.14.0.94 numpy==2.4.6

for start in 95438 1000; do
    ffmpeg -v error -f lavfi -i testsrc2=s=128x96:d=10:r=25 -output_ts_offset "$start" -c:v libx264 "$start.ts"
done

python - <<'PY'
import sys

import av
import cv2


def by_pyav(path):
    with av.open(path) as file:
        return [frame.time for frame in file.decode(video=0)]


def by_opencv(path):
    video, times = cv2.VideoCapture(path), []
    while video.read()[0]:
        times.append(video.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    return times


wrapped, counted, plain = by_pyav("95438.ts"), by_opencv("95438.ts"), by_pyav("1000.ts")
for name, times in (("PyAV:  ", wrapped), ("OpenCV:", counted), ("the same clip begun at 1000 s, PyAV:", plain)):
    print(f"{name} {len(times)} frames from {times[0]:.2f} to {times[-1]:.2f} s")
if not -6 < wrapped[0] < -3 or wrapped[-1] < 0 or len(wrapped) != 250:
    sys.exit("what lies before the wrap of the clock no longer has negative times.")
if counted[0] != 0 or plain[0] < 1000:
    sys.exit("OpenCV no longer counts from 0, or PyAV no longer by the clock.")
PY
