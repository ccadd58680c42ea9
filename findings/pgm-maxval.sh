#!/usr/bin/env bash
# The same PGM picture is darker in OpenCV than in Pillow, and in OpenCV by how its numbers are written.
#
# Guess:    a PGM whose header says maxval 100 has white at 100; every reader scales it to 255.
# Real:     Pillow scales. OpenCV scales the text form (P2) and leaves the binary form (P5) as it is: white is 100.
#           With a maxval above 255 it scales neither: 10 bits read as gray give 3 for white instead of 255.
# Versions: pillow 13.0.0, opencv-python-headless 4.14.0.94 (5.0.0.93 does the same with P5).
# Matters:  PGM is the format of older face data sets (ORL's). A recognizer that is trained on pixels read by one
#           library and asked about pixels read by the other compares two different brightnesses.
#
# Seen (black, quarter, half, white):
#   P5, maxval 100     Pillow [0, 64, 128, 255]   OpenCV [0, 25, 50, 100]
#   P2, maxval 100     Pillow [0, 64, 128, 255]   OpenCV [0, 63, 127, 255]
#   P5, maxval 1023    Pillow [0, 63, 127, 255]   OpenCV [0, 0, 1, 3]
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv pillow==13.0.0 opencv-python-headless==4.14.0.94 numpy==2.4.6

python - <<'PY'
import sys

import cv2
import numpy as np
from PIL import Image

FILES = {
    "P5, maxval 100": b"P5\n4 1\n100\n" + bytes([0, 25, 50, 100]),
    "P2, maxval 100": b"P2\n4 1\n100\n0 25 50 100\n",
    "P5, maxval 1023": b"P5\n4 1\n1023\n" + np.array([0, 255, 511, 1023], ">u2").tobytes(),
}
seen = {}
for name, data in FILES.items():
    with open("picture.pgm", "wb") as file:
        file.write(data)
    pixels = np.asarray(Image.open("picture.pgm"))
    by_pillow = (pixels if pixels.max() < 256 else pixels // 257).ravel().tolist()  # Pillow scales to 16 bits
    seen[name] = by_pillow, cv2.imread("picture.pgm", cv2.IMREAD_GRAYSCALE).ravel().tolist()
    print(f"{name:18} Pillow {by_pillow}   OpenCV {seen[name][1]}")
if any(by_pillow[-1] != 255 for by_pillow, _ in seen.values()):
    sys.exit("Pillow no longer scales a PGM to white at 255.")
if [by_opencv[-1] for _, by_opencv in seen.values()] != [100, 255, 3]:
    sys.exit("OpenCV no longer scales the text form alone.")
PY
