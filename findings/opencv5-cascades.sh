#!/usr/bin/env bash
# OpenCV 5 has cv2.data.haarcascades, which names a folder without a single cascade.
#
# Guess:    the wheel brings the cascades, as those of OpenCV 3 and 4 do, and the path that every tutorial uses,
#           cv2.data.haarcascades + "haarcascade_frontalface_default.xml", is right; or else the name is gone too.
# Real:     name and folder are there, the files are not. CascadeClassifier is only in the contrib wheel; there the
#           constructor with that path gives an object without an error, whose empty() is True.
# Versions: opencv-contrib-python-headless 5.0.0.93, numpy 2.4.6.
# Matters:  a program that does not ask empty() fails at the first photo and not at the start; one that updates
#           OpenCV needs the files from elsewhere (Debian's opencv-data, or an older wheel).
#
# Seen:
#   OpenCV 5.0.0, files in cv2.data.haarcascades that end in .xml: 0
#   CascadeClassifier(path) raises nothing, empty() True
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv opencv-contrib-python-headless==5.0.0.93 numpy==2.4.6

OPENCV_LOG_LEVEL=OFF python - <<'PY'
import os, sys

import cv2

folder = cv2.data.haarcascades
cascades = [name for name in os.listdir(folder) if name.endswith(".xml")]
print(f"OpenCV {cv2.__version__}, files in cv2.data.haarcascades that end in .xml: {len(cascades)}")
is_empty = cv2.CascadeClassifier(folder + "haarcascade_frontalface_default.xml").empty()
print(f"CascadeClassifier(path) raises nothing, empty() {is_empty}")
if cascades or not is_empty:
    sys.exit("OpenCV 5's wheel has cascades again.")
PY
