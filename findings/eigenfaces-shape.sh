#!/usr/bin/env bash
# OpenCV's Eigenfaces recognize a picture of any shape that has as many pixels, at a distance of 0.
#
# Guess:    predict() refuses a face of another width and height than those of the training; its error says
#           "Training and Test images must be of equal size".
# Real:     only the number of pixels is compared. A face of 40x30 is accepted in a model of 30x40, and one of
#           20x60: rows are read on end. LBPH takes any size at all.
# Versions: opencv-contrib-python-headless 4.14.0.94, numpy 2.4.6.
# Matters:  width and height swapped in a resize is a common slip. Here nothing fails: a face that is turned on its
#           side is named by whichever pixels happen to be near, with a distance that looks like any other.
#
# Seen (four faces of 40x30 taught):
#   the third one, as taught               label 2, distance 0
#   the same 1200 pixels as 30x40          label 2, distance 0
#   the same 1200 pixels as 60x20          label 2, distance 0
#   the third one on its side, 30x40       label 0, distance 2185
#   29 rows of it                          refused
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv opencv-contrib-python-headless==4.14.0.94 numpy==2.4.6

OPENCV_LOG_LEVEL=OFF python - <<'PY'
import sys

import cv2
import numpy as np

faces = [np.random.default_rng(seed).integers(0, 256, (30, 40), dtype=np.uint8) for seed in range(4)]
model = cv2.face.EigenFaceRecognizer_create()
model.train(faces, np.arange(4))
third = faces[2]
asked = {
    "the third one, as taught": third,
    "the same 1200 pixels as 30x40": third.reshape(40, 30),
    "the same 1200 pixels as 60x20": third.reshape(20, 60),
    "the third one on its side, 30x40": np.ascontiguousarray(third.T),
    "29 rows of it": third[:29],
}
answers = []
for what, face in asked.items():
    try:
        label, distance = model.predict(face)
    except cv2.error:
        answers.append("refused")
    else:
        answers.append((label, round(distance)))
    print(f"{what:38} {'refused' if answers[-1] == 'refused' else 'label {}, distance {}'.format(*answers[-1])}")
if answers[:3] != [(2, 0)] * 3 or answers[3] == "refused" or answers[4] != "refused":
    sys.exit("Eigenfaces no longer compare the number of pixels alone.")
PY
