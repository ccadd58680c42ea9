#!/usr/bin/env bash
# The white of an HDR photo or video comes as a middle gray from most readers; cv2.VideoCapture alone converts it.
#
# Guess:    a reader that is asked for 8-bit RGB and knows the transfer function from the file gives display
#           colours; and readers that are built on ffmpeg agree with each other.
# Real:     ffmpeg, PyAV and Pillow cut the PQ code values to 8 bits: white at 203 cd/m2 comes as 146, red as a
#           brown. cv2.VideoCapture of OpenCV 4.14 gives 253 and the red. Neither says which of the two it did.
# Versions: imageio-ffmpeg 0.8.1 (ffmpeg 9.0.2), av 18.1.0, pillow 13.0.0, opencv-python-headless 4.14.0.94.
# Matters:  HDR10 videos and HDR photos of cameras are such files. Pale, dark pictures cost detectors objects and
#           above all faces. A comparison of two readers' boxes compares two pictures.
#
# Seen (white 255 255 255 and red 200 40 40, written as PQ and BT.2020):
#   AVIF, Pillow              148 148 148    121 79 66
#   video, ffmpeg             146 146 146    120 79 66
#   video, PyAV               146 146 146    120 79 66
#   video, cv2.VideoCapture   253 254 253    208 57 48
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv imageio-ffmpeg==0.8.1 av==18.1.0 pillow==13.0.0 opencv-python-headless==4.14.0.94 numpy==2.4.6

sdr="color=white:s=320x96:d=0.4:r=10,format=gbrp10le,drawbox=x=160:w=160:h=96:c=0xC82828:t=fill"
hdr="zscale=tin=iec61966-2-1:pin=bt709:min=gbr:rin=full:t=smpte2084:p=bt2020:m=bt2020nc:r=limited:npl=203"
ffmpeg -v error -f lavfi -i "$sdr" -vf "$hdr,format=yuv420p10le" -c:v libx265 -x265-params log-level=none video.mp4
ffmpeg -v error -i video.mp4 -frames:v 1 -c:v libaom-av1 -still-picture 1 photo.avif
ffmpeg -v error -i video.mp4 -frames:v 1 -pix_fmt rgb24 ffmpeg.png

python - <<'PY'
import sys

import av
import cv2
import numpy as np
from PIL import Image

with av.open("video.mp4") as file:
    by_pyav = next(file.decode(video=0)).to_ndarray(format="rgb24")
seen = {
    "AVIF, Pillow": np.asarray(Image.open("photo.avif").convert("RGB")),
    "video, ffmpeg": np.asarray(Image.open("ffmpeg.png")),
    "video, PyAV": by_pyav,
    "video, cv2.VideoCapture": cv2.VideoCapture("video.mp4").read()[1][:, :, ::-1],
}
for name, pixels in seen.items():
    white, red = ([int(value) for value in pixels[48, column]] for column in (80, 240))
    print(f"{name:25} {' '.join(map(str, white)):14} {' '.join(map(str, red))}")
    converted = all(value > 245 for value in white) and red[0] > 190
    raw = all(140 < value < 155 for value in white) and red[0] < 130
    if not (converted if "cv2" in name else raw):
        sys.exit(f"{name}: HDR is no longer read as above.")
PY
