#!/usr/bin/env bash
# White that ffmpeg scales to 16-bit RGB is 65283, not 65535, whatever the video's depth; the way back hides it.
#
# Guess:    rgb48 has the full range, so the nominal white of a limited-range video (Y 940 of 10 bits) is 65535.
# Real:     swscale puts it at 65283 (0.4 % lower), from 8, 10, 12 and 16 bits alike, with and without
#           accurate_rnd; full range of 10 bits comes to 65472. RGB of 65535 becomes Y 943, above white, so that a
#           round trip looks exact. The zscale filter gives 65535 and 940. 8-bit RGB is right in both.
# Versions: imageio-ffmpeg 0.8.1 (ffmpeg 9.0.2).
# Matters:  16-bit frames are what HDR needs. On PQ's steep curve 0.4 % makes middle tones two levels of 255
#           too dark, and a test that writes its HDR videos with ffmpeg's scaler cannot see it.
#
# Seen (a plane of white, limited range unless it says full):
#    8 bits, swscale   65283
#   10 bits, swscale   65283
#   12 bits, swscale   65283
#   10 bits, full      65472
#   10 bits, zscale    65535
#   65535, swscale back to 10 bits   943
#   65535, zscale back to 10 bits    940
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv imageio-ffmpeg==0.8.1 numpy==2.4.6

python - <<'PY'
import subprocess
import sys

import imageio_ffmpeg
import numpy as np

SIDE = 64
PROGRAM = imageio_ffmpeg.get_ffmpeg_exe()
TAGS = "colorspace=bt2020nc:color_primaries=bt2020:color_trc=smpte2084"


def filtered(planes, pixel_format, filters, to):
    raw = b"".join(plane.tobytes() for plane in planes)
    command = [PROGRAM, "-v", "error", "-f", "rawvideo", "-pix_fmt", pixel_format, "-s", f"{SIDE}x{SIDE}"]
    command += ["-i", "-", "-vf", f"{filters},format={to}", "-f", "rawvideo", "-"]
    done = subprocess.run(command, input=raw, capture_output=True, check=True)
    return int(np.frombuffer(done.stdout, "<u2")[0])


def plane(value, kind="<u2"):
    return np.full((SIDE, SIDE), value, kind)


def to_rgb(bits, white, range_="tv", scaler="scale"):
    kind = "u1" if bits == 8 else "<u2"
    planes = [plane(white, kind), *[plane(1 << (bits - 1), kind)] * 2]
    pixel_format = "yuv444p" if bits == 8 else f"yuv444p{bits}le"
    if scaler == "zscale":
        return filtered(planes, pixel_format, f"setparams=range={range_}:{TAGS},zscale=r=full", "gbrp16le")
    return filtered(planes, pixel_format, f"setparams=range={range_}:{TAGS},scale", "rgb48le")


def back(scaler):
    tags = "setparams=color_primaries=bt2020:color_trc=smpte2084"
    return filtered([np.full((SIDE, SIDE, 3), 65535, "<u2")], "rgb48le", f"{tags},{scaler}", "yuv444p10le")


seen = {
    " 8 bits, swscale": (to_rgb(8, 235), 65283),
    "10 bits, swscale": (to_rgb(10, 940), 65283),
    "12 bits, swscale": (to_rgb(12, 3760), 65283),
    "10 bits, full": (to_rgb(10, 1023, "pc"), 65472),
    "10 bits, zscale": (to_rgb(10, 940, scaler="zscale"), 65535),
    "65535, swscale back to 10 bits": (back("scale=out_color_matrix=bt2020:out_range=tv"), 943),
    "65535, zscale back to 10 bits": (back("zscale=m=2020_ncl:r=limited"), 940),
}
for name, (white, _) in seen.items():
    print(f"{name:32} {white}")
if changed := [name for name, (white, expected) in seen.items() if white != expected]:
    sys.exit(f"white is another value now: {', '.join(changed)}.")
PY
