#!/usr/bin/env bash
# OpenCV reads a BMP with bit masks as if the masks were the usual ones: red and blue change places, and no error.
#
# Guess:    a reader that takes BI_BITFIELDS follows the three masks that come with it, or refuses masks that it does not
#           know.
# Real:     cv2.imdecode takes the first three bytes of a 32-bit pixel for blue, green and red, whatever the masks behind
#           the header of 40 bytes say. Pillow refuses the masks of the second file ("Unsupported BMP bitfields layout")
#           and reads the others right.
# Versions: opencv-python-headless 4.14.0.94, pillow 13.0.0 (refuses or agrees with the masks).
# Matters:  OpenCV is the usual second reader for what Pillow refuses. Here it answers, with wrong colours, and a program
#           that trusts it shows and searches blue faces. Red first is what graphics libraries have in memory.
#
# Seen (a pixel of 200 40 90):
#   masks 00ff0000 0000ff00 000000ff: OpenCV 200 40 90, Pillow 200 40 90
#   masks 000000ff 0000ff00 00ff0000: OpenCV 90 40 200, Pillow refuses
#   masks ff000000 00ff0000 0000ff00: OpenCV 40 90 0, Pillow 200 40 90
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv pillow==13.0.0 opencv-python-headless==4.14.0.94 numpy==2.4.6

python - <<'PY'
import io
import struct
import sys

import cv2
import numpy as np
from PIL import Image

COLOR = (200, 40, 90)
EXPECTED = {(16, 8, 0): ("200 40 90", "200 40 90"), (0, 8, 16): ("90 40 200", "refuses"), (24, 16, 8): ("40 90 0", "200 40 90")}


def bmp(shifts):
    """A BMP of 4x4 pixels with each colour at its shift."""
    pixels = struct.pack("<I", sum(value << shift for value, shift in zip(COLOR, shifts))) * 16
    masks = struct.pack("<III", *(0xFF << shift for shift in shifts))
    header = struct.pack("<IiiHHIIiiII", 40, 4, 4, 1, 32, 3, len(pixels), 2835, 2835, 0, 0) + masks
    offset = 14 + len(header)
    return b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset) + header + pixels


for shifts, expected in EXPECTED.items():
    content = bmp(shifts)
    blue, green, red = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[0, 0]
    opencv = f"{red} {green} {blue}"
    try:
        pillow = " ".join(map(str, Image.open(io.BytesIO(content)).convert("RGB").getpixel((0, 0))))
    except OSError:
        pillow = "refuses"
    masks = " ".join(f"{0xFF << shift:08x}" for shift in shifts)
    print(f"masks {masks}: OpenCV {opencv}, Pillow {pillow}")
    if (opencv, pillow) != expected:
        sys.exit("OpenCV no longer ignores the masks of a BMP, or Pillow reads others.")
PY
