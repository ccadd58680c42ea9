#!/usr/bin/env bash
# An animation of five frames that Pillow saves has two, unless it is an AVIF.
#
# Guess:    save_all with four append_images makes a file of five frames.
# Real:     Pillow joins equal neighbours: GIF, APNG and WebP of red red red blue blue hold two frames, whose
#           durations are the sums. AVIF gets all five. The durations of WebP and AVIF are known only after load(),
#           those of GIF and APNG at once.
# Versions: pillow 13.0.0, opencv-python-headless 4.14.0.94.
# Matters:  time-lapses and surveillance cameras give equal frames. Frame numbers in a report do not fit those of
#           the pictures from which the animation was made, and a test that counts frames passes for one format
#           alone.
#
# Seen (durations of 100 200 300 400 500 ms):
#   GIF  5 saved, Pillow reads [600, 900] ms, OpenCV 2 frames
#   PNG  5 saved, Pillow reads [600, 900] ms, OpenCV 2 frames
#   WEBP 5 saved, Pillow reads [600, 900] ms, OpenCV 2 frames
#   AVIF 5 saved, Pillow reads [100, 200, 300, 400, 500] ms, OpenCV 5 frames
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv pillow==13.0.0 opencv-python-headless==4.14.0.94 numpy==2.4.6

python - <<'PY'
import sys

import cv2
from PIL import Image

frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "red", "red", "blue", "blue")]
durations = [100, 200, 300, 400, 500]


def read_durations(path):
    with Image.open(path) as image:
        for number in range(image.n_frames):
            image.seek(number)
            image.load()
            yield round(image.info["duration"])


for form, expected in (("GIF", [600, 900]), ("PNG", [600, 900]), ("WEBP", [600, 900]), ("AVIF", durations)):
    path = f"animation.{form.lower()}"
    frames[0].save(path, form, save_all=True, append_images=frames[1:], duration=durations)
    read = list(read_durations(path))
    by_opencv = len(cv2.imreadanimation(path)[1].frames)
    print(f"{form:4} {len(frames)} saved, Pillow reads {read} ms, OpenCV {by_opencv} frames")
    if read != expected or by_opencv != len(expected):
        sys.exit(f"{form} no longer holds the frames above.")
PY
