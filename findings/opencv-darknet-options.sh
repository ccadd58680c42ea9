#!/usr/bin/env bash
# OpenCV reads a Darknet network with xnor, dilation or stride_x and computes it as if they were not there.
#
# Guess:    readNetFromDarknet either computes an option of [convolutional] or refuses the file, as it does with an
#           activation that it does not know ("Unsupported activation").
# Real:     options that its reader does not ask for are passed over. Darknet computes a layer with xnor=1 from the
#           signs of its weights and its input, and one with stride_x=2 at every second column only; OpenCV gives
#           the numbers and the shape of the plain convolution for both, and for dilation=2. `flipped` and an
#           unknown activation raise.
# Versions: opencv-python-headless 4.14.0.94 (OpenCV 5 has no readNetFromDarknet).
# Matters:  the *_xnor networks of Darknet's cfg folder load, run, and find nothing or nonsense. OpenCV as the judge
#           of another implementation judges it wrongly there.
#
# Seen (largest difference from the same network without the option):
#   xnor=1       0.0, shape 8x16x16
#   dilation=2   0.0, shape 8x16x16
#   stride_x=2   0.0, shape 8x16x16
#   groups=2     112.9, shape 8x16x16
#   activation=relu6: refused
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv opencv-python-headless==4.14.0.94 numpy==2.4.6

OPENCV_LOG_LEVEL=OFF python - <<'PY' 2> messages || { cat messages >&2; exit 1; }
import struct, sys

import cv2
import numpy as np

CFG = """[net]
width=16
height=16
channels=3
[convolutional]
filters=8
size=3
pad=1
activation=linear
[convolutional]
filters=8
size=3
pad=1
activation={activation}
{option}
"""
random = np.random.default_rng(0)
first, second = (random.normal(size=(8, channels, 3, 3)).astype(np.float32) for channels in (3, 8))
biases = np.zeros(8, np.float32).tobytes()
weights = struct.pack("<iiiQ", 0, 2, 5, 0) + biases + first.tobytes() + biases + second.tobytes()
picture = random.random((1, 3, 16, 16), dtype=np.float32)


def computed(option="", activation="linear"):
    cfg = CFG.format(option=option, activation=activation).encode()
    network = cv2.dnn.readNetFromDarknet(np.frombuffer(cfg, np.uint8), np.frombuffer(weights, np.uint8))
    network.setInput(picture)
    return network.forward()[0]


plain = computed()
for option, is_ignored in (("xnor=1", True), ("dilation=2", True), ("stride_x=2", True), ("groups=2", False)):
    answer = computed(option)
    difference = float(np.abs(answer - plain).max()) if answer.shape == plain.shape else float("inf")
    print(f"{option:12} {difference:.1f}, shape {'x'.join(map(str, answer.shape))}")
    if (difference == 0) != is_ignored:
        sys.exit(f"OpenCV no longer treats {option} as above.")
try:
    computed(activation="relu6")
except cv2.error:
    print("activation=relu6: refused")
else:
    sys.exit("OpenCV no longer refuses relu6.")
PY
