#!/usr/bin/env bash
# cv2.imread refuses a TIFF whose Orientation tag is 5, 6, 7 or 8; cv2.imdecode reads the same bytes.
#
# Guess:    imread(name) is imdecode of the file's bytes, and turns by the orientation as it does with a JPEG.
# Real:     the decoder for TIFF swaps width and height itself, imread finds another array than it had set up
#           ("original_ptr == real_mat.data must be true", on stderr alone) and returns None. imdecode returns the
#           picture, upright. With the orientations 1 to 4 both do.
# Versions: opencv-python-headless 4.14.0.94 (5.0.0.93 does the same), pillow 13.0.0 (writes the files).
# Matters:  6 and 8 are the orientations of a camera held upright. A program that takes None for "damaged" reports
#           whole photos as damaged, and which ones depends on how the camera was held.
#
# Seen (a picture of 32x20):
#   orientation 1: imread 32x20, imdecode 32x20
#   orientation 3: imread 32x20, imdecode 32x20
#   orientation 5: imread None, imdecode 20x32
#   orientation 6: imread None, imdecode 20x32
#   orientation 7: imread None, imdecode 20x32
#   orientation 8: imread None, imdecode 20x32
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv pillow==13.0.0 opencv-python-headless==4.14.0.94 numpy==2.4.6

OPENCV_LOG_LEVEL=OFF python - <<'PY'
import sys

import cv2
import numpy as np
from PIL import Image


def size(pixels):
    return "None" if pixels is None else f"{pixels.shape[1]}x{pixels.shape[0]}"


for orientation in (1, 3, 5, 6, 7, 8):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.linear_gradient("L").convert("RGB").resize((32, 20)).save("scan.tif", exif=exif)
    by_name = size(cv2.imread("scan.tif"))
    by_bytes = size(cv2.imdecode(np.fromfile("scan.tif", np.uint8), cv2.IMREAD_COLOR))
    print(f"orientation {orientation}: imread {by_name}, imdecode {by_bytes}")
    if (by_name, by_bytes) != (("None", "20x32") if orientation >= 5 else ("32x20", "32x20")):
        sys.exit("imread no longer refuses exactly the TIFFs of orientation 5 to 8.")
PY
