#!/usr/bin/env bash
# A 16-bit TIFF whose white is zero comes as a negative, an 8-bit one does not.
#
# Guess:    PhotometricInterpretation 0 (WhiteIsZero) is a baseline tag of TIFF; a reader inverts the values.
# Real:     Pillow and OpenCV do so with 8 bits a pixel. With 16 bits Pillow gives the stored values under the mode
#           "I;16", which says nothing of it, and so does OpenCV with IMREAD_UNCHANGED. OpenCV with IMREAD_GRAYSCALE
#           inverts them, so that one library gives both a picture and its negative.
# Versions: pillow 13.0.0, opencv-python-headless 4.14.0.94, tifffile 2026.3.3 (writes the files).
# Matters:  scans, X-rays and thermal pictures are 16-bit TIFFs. Cascades and face recognizers depend on what is
#           darker than what (eyes than cheeks), and find nothing in a negative.
#
# Seen (a pixel that is stored as 0, so white):
#   8 bits:  Pillow 255 of 255, OpenCV unchanged 255 of 255, OpenCV gray 255 of 255
#   16 bits: Pillow 0 of 65535, OpenCV unchanged 0 of 65535, OpenCV gray 255 of 255
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv pillow==13.0.0 opencv-python-headless==4.14.0.94 tifffile==2026.3.3 numpy==2.4.6

python - <<'PY'
import sys

import cv2
import numpy as np
import tifffile
from PIL import Image

expected = {8: [255, 255, 255], 16: [0, 0, 255]}
for bits, kind in ((8, np.uint8), (16, np.uint16)):
    stored = np.zeros((8, 8), kind)
    stored[:, 4:] = np.iinfo(kind).max
    tifffile.imwrite("white.tif", stored, photometric="miniswhite")
    readings = {
        "Pillow": np.asarray(Image.open("white.tif")),
        "OpenCV unchanged": cv2.imread("white.tif", cv2.IMREAD_UNCHANGED),
        "OpenCV gray": cv2.imread("white.tif", cv2.IMREAD_GRAYSCALE),
    }
    white = [f"{name} {pixels[0, 0]} of {np.iinfo(pixels.dtype).max}" for name, pixels in readings.items()]
    print(f"{f'{bits} bits:':8} {', '.join(white)}")
    if [int(pixels[0, 0]) for pixels in readings.values()] != expected[bits]:
        sys.exit(f"a TIFF of {bits} bits whose white is zero is no longer read as above.")
PY
