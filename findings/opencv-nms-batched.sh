#!/usr/bin/env bash
# cv2.dnn.NMSBoxesBatched suppresses between classes if a box reaches out of the picture.
#
# Guess:    suppression for each class apart: boxes of different classes never meet, wherever they are.
# Real:     every box is moved by its class's number times the largest coordinate and one, so that classes lie apart
#           on one plane. That holds for coordinates of 0 or more only. A box that begins left of and above the
#           picture lands among the boxes of the class before, and the weaker of two boxes that hardly touch is
#           gone.
# Versions: opencv-python-headless 4.14.0.94, numpy 2.4.6.
# Matters:  detectors predict centre and size, and a person who is cut off by the edge has a box that begins at a
#           negative coordinate. Clipping the boxes to the picture before the suppression avoids it.
#
# Seen (boxes x, y, width, height; class 0 at 10 10 50 50 with score 0.9; class 1 as given with score 0.8; limit 0.5):
#   class 1 at    0    0 60 60: kept [0, 1], IoU 0.69
#   class 1 at  -50  -50 60 60: kept [0], IoU 0.00
#   NMSBoxes of the second box alone: kept 1
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv opencv-python-headless==4.14.0.94 numpy==2.4.6

python - <<'PY'
import sys

import cv2

FIRST = [10, 10, 50, 50]


def iou(one, other):
    width, height = (min(one[i] + one[i + 2], other[i] + other[i + 2]) - max(one[i], other[i]) for i in (0, 1))
    common = max(width, 0) * max(height, 0)
    return common / (one[2] * one[3] + other[2] * other[3] - common)


for box, expected in (([0, 0, 60, 60], [0, 1]), ([-50, -50, 60, 60], [0])):
    kept = [int(i) for i in cv2.dnn.NMSBoxesBatched([FIRST, box], [0.9, 0.8], [0, 1], 0.1, 0.5)]
    print(f"class 1 at {box[0]:4} {box[1]:4} {box[2]} {box[3]}: kept {kept}, IoU {iou(FIRST, box):.2f}")
    if sorted(kept) != expected:
        sys.exit("NMSBoxesBatched no longer suppresses between classes where a coordinate is negative.")
alone = cv2.dnn.NMSBoxes([[-50, -50, 60, 60]], [0.8], 0.1, 0.5)
print(f"NMSBoxes of the second box alone: kept {len(alone)}")
if len(alone) != 1:
    sys.exit("NMSBoxes no longer keeps the box.")
PY
