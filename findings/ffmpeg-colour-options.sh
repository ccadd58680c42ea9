#!/usr/bin/env bash
# ffmpeg 9 takes -color_primaries and -color_trc without complaint and writes "unknown" into the file.
#
# Guess:    -colorspace, -color_primaries and -color_trc tag the output; that is what they have done for years.
# Real:     with ffmpeg 9 the encoder takes primaries and transfer from the frames that the filters hand it. The
#           matrix (-colorspace) still arrives, the two others do not, and there is no warning. `setparams` at the
#           end of the filters tags the frames, and then the file.
# Versions: imageio-ffmpeg 0.8.1 (ffmpeg 9.0.2).
# Matters:  frames that a program pipes to ffmpeg carry no tags, so its annotated videos are tagged by half, and
#           players guess the rest.
#
# Seen:
#   -colorspace -color_primaries -color_trc   yuv420p(tv, bt709/unknown/unknown, progressive)
#   -vf setparams=...                         yuv420p(tv, bt709, progressive)
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv imageio-ffmpeg==0.8.1

make() { ffmpeg -v error -f lavfi -i testsrc2=s=128x96:d=0.2,format=yuv420p "$@"; }
colours() { { ffmpeg -i "$1" 2>&1 || true; } | sed -n 's/.*Video: h264.*\(yuv420p([^)]*)\).*/\1/p'; }

make -c:v libx264 -colorspace bt709 -color_primaries bt709 -color_trc bt709 options.mp4
make -vf setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709 -c:v libx264 setparams.mp4
options=$(colours options.mp4)
setparams=$(colours setparams.mp4)
echo "-colorspace -color_primaries -color_trc   $options"
echo "-vf setparams=...                         $setparams"
if [[ $options != *"bt709/unknown/unknown"* ]]; then
    echo "ffmpeg's options no longer lose primaries and transfer." >&2
    exit 1
fi
if [[ $setparams != "yuv420p(tv, bt709, progressive)" ]]; then
    echo "setparams no longer tags the file." >&2
    exit 1
fi
