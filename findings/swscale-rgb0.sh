#!/usr/bin/env bash
# ffmpeg's scaler gives other colours as rgb0 than as rgb24, although both are 8 bits of red, green and blue.
#
# Guess:    rgb0 is rgb24 with a byte of padding, so a program may take whichever is faster to make or to read.
# Real:     where frames are scaled, nearly half of the values differ, by up to five levels. With accurate_rnd, rgb24
#           stays as it is and rgb0 becomes equal to it. Without scaling both are equal.
# Versions: imageio-ffmpeg 0.8.1 (ffmpeg 9.0.2, swscale 9), x86-64.
# Matters:  rgb0 is made in two thirds of the time. A program that changes to it gives its network other pixels, so
#           the confidences in reports change.
#
# Seen (greatest difference of rgb0 from rgb24, and whether rgb24 is that without accurate_rnd):
#   416x312, area                  5 levels
#   416x312, area+accurate_rnd     0 levels, rgb24 unchanged
#   768x576, area                  0 levels
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv imageio-ffmpeg==0.8.1 numpy==2.4.6
if [[ $(uname -m) != x86_64 ]]; then
    echo "This is about x86-64." >&2
    exit 77
fi

# frames SIZE FLAGS FORMAT FILE: five frames of 768x576 YCbCr, scaled and converted.
frames() {
    ffmpeg -v error -f lavfi -i testsrc2=s=768x576:d=0.2,format=yuv420p \
        -vf "scale=$1:flags=$2" -pix_fmt "$3" -f rawvideo "$4"
}

frames 416:312 area rgb24 small.rgb24
frames 416:312 area rgb0 small.rgb0
frames 416:312 area+accurate_rnd rgb24 accurate.rgb24
frames 416:312 area+accurate_rnd rgb0 accurate.rgb0
frames 768:576 area rgb24 full.rgb24
frames 768:576 area rgb0 full.rgb0

python - <<'PY'
import sys

import numpy as np


def greatest(name):
    three = np.fromfile(f"{name}.rgb24", np.uint8).reshape(-1, 3).astype(int)
    four = np.fromfile(f"{name}.rgb0", np.uint8).reshape(-1, 4)[:, :3]
    return abs(three - four).max()


same = np.array_equal(np.fromfile("small.rgb24", np.uint8), np.fromfile("accurate.rgb24", np.uint8))
small, accurate, full = map(greatest, ("small", "accurate", "full"))
print(f"416x312, area                  {small} levels")
print(f"416x312, area+accurate_rnd     {accurate} levels, rgb24 {'unchanged' if same else 'changed'}")
print(f"768x576, area                  {full} levels")
if small == 0:
    sys.exit("rgb0 and rgb24 are equal now.")
if (small, accurate, full, same) != (5, 0, 0, True):
    sys.exit("They differ in another way now.")
PY
