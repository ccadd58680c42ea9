#!/usr/bin/env bash
# cv2.VideoCapture shows a video that is mirrored left to right upside down.
#
# Guess:    the display matrix of an MP4 is either obeyed or ignored, so a mirrored clip (a selfie camera's) comes
#           mirrored, or else as it is stored.
# Real:     OpenCV and PyAV reduce the matrix to one angle. The angle of a left-to-right mirroring comes out as 180
#           degrees, so OpenCV turns the picture by 180: left and right are as they should be, but it stands on its
#           head. ffmpeg's own program mirrors it.
# Versions: opencv-python-headless 4.14.0.94 (5.0.0.93 does the same), av 18.1.0, imageio-ffmpeg 0.8.1 (ffmpeg
#           9.0.2).
# Matters:  detectors find next to nothing in a picture that stands on its head, and boxes lie in the wrong half.
#
# Seen (top left, top right, bottom left, bottom right):
#   stored    red green blue yellow
#   ffmpeg    green red yellow blue
#   OpenCV    yellow blue green red, CAP_PROP_ORIENTATION_META 180
#   PyAV      frame.rotation -180
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv imageio-ffmpeg==0.8.1 opencv-python-headless==4.14.0.94 av==18.1.0 numpy==2.4.6

quarter() { printf 'color=%s:s=80x60:d=0.5:r=10[%s];' "$1" "$1"; }
ffmpeg -v error -filter_complex "$(quarter red)$(quarter lime)$(quarter blue)$(quarter yellow)\
[red][lime][blue][yellow]xstack=inputs=4:layout=0_0|w0_0|0_h0|w0_h0" -c:v libx264 -pix_fmt yuv444p stored.mp4
ffmpeg -v error -display_hflip -i stored.mp4 -c copy mirrored.mp4
ffmpeg -v error -i mirrored.mp4 -frames:v 1 ffmpeg.png

python - <<'PY'
import sys

import av
import cv2

NAMES = {(1, 0, 0): "red", (0, 1, 0): "green", (0, 0, 1): "blue", (1, 1, 0): "yellow"}


def quarters(bgr):
    height, width = bgr.shape[:2]
    points = [(y, x) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]
    return " ".join(NAMES[tuple(int(value > 127) for value in bgr[point][::-1])] for point in points)


video = cv2.VideoCapture("mirrored.mp4")
turn = int(video.get(cv2.CAP_PROP_ORIENTATION_META))
with av.open("mirrored.mp4") as file:
    rotation = next(file.decode(video=0)).rotation
seen = {
    "stored": quarters(cv2.VideoCapture("stored.mp4").read()[1]),
    "ffmpeg": quarters(cv2.imread("ffmpeg.png")),
    "OpenCV": f"{quarters(video.read()[1])}, CAP_PROP_ORIENTATION_META {turn}",
    "PyAV": f"frame.rotation {rotation}",
}
for name, what in seen.items():
    print(f"{name:9} {what}")
if seen["ffmpeg"] != "green red yellow blue" or not seen["OpenCV"].startswith("yellow blue green red"):
    sys.exit("OpenCV no longer shows a mirrored video upside down.")
if abs(rotation) != 180:
    sys.exit("PyAV no longer says 180 degrees for a mirrored video.")
PY
