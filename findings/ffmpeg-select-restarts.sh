#!/usr/bin/env bash
# ffmpeg's filter select='eq(n,30)' passes frame 55 if the colour tags of the video change at frame 25.
#
# Guess:    `n` in select counts the frames of the input, from 0 to the last. A change of size may make ffmpeg set
#           up its filters again; a change of tags, which alters no pixel format, does not.
# Real:     ffmpeg builds the whole filter graph again as soon as the matrix or the range of the frames changes.
#           Every filter begins from its initial state: n is 0 again, and the variables of expressions are gone.
#           Only -v verbose says so. With -reinit_filter 0 before the input the counting goes on.
# Versions: imageio-ffmpeg 0.8.1 (ffmpeg 9.0.2); ffmpeg 7.0.2 does the same.
# Matters:  to take each tenth frame, or frame N, is what a sampling program asks ffmpeg for. Clips joined without
#           encoding and recordings of broadcasts change their tags, and the frames that come are other ones than
#           asked for.
#
# Seen (75 frames; from number 25 on they are tagged BT.709, before that not at all):
#   n = 30:                             frames 55
#   n = 30, with -reinit_filter 0:      frames 30
#   n mod 10 = 0:                       frames 0 10 20 25 35 45 55 65
#   n mod 10 = 0, with -reinit_filter 0: frames 0 10 20 30 40 50 60 70
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv imageio-ffmpeg==0.8.1

# clip SECONDS FILTER NAME: H.264 with 25 frames a second and no B-frames.
clip() { ffmpeg -v error -f lavfi -i "testsrc2=s=160x96:d=$1:r=25,format=yuv420p$2" -c:v libx264 -bf 0 "$3"; }
clip 1 "" untagged.h264
clip 2 ",setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709" tagged.h264
cat untagged.h264 tagged.h264 > joined.h264
ffmpeg -v error -framerate 25 -i joined.h264 -c copy joined.mp4

# passed EXPRESSION [OPTION ...]: numbers of the frames that select passes, by their times.
passed() {
    local expression=$1
    shift
    ffmpeg -v error "$@" -i joined.mp4 -vf "select='$expression'" -fps_mode passthrough -f framecrc - |
        awk -F, '!/^#/ {printf "%s%d", sep, $3; sep = " "}'
}

thirtieth=$(passed 'eq(n,30)')
thirtieth_kept=$(passed 'eq(n,30)' -reinit_filter 0)
tenths=$(passed 'not(mod(n,10))')
tenths_kept=$(passed 'not(mod(n,10))' -reinit_filter 0)
echo "n = 30:                             frames $thirtieth"
echo "n = 30, with -reinit_filter 0:      frames $thirtieth_kept"
echo "n mod 10 = 0:                       frames $tenths"
echo "n mod 10 = 0, with -reinit_filter 0: frames $tenths_kept"
if [[ $thirtieth_kept != 30 || $tenths_kept != "0 10 20 30 40 50 60 70" ]]; then
    echo "-reinit_filter 0 no longer keeps the counting." >&2
    exit 1
fi
if [[ $thirtieth != 55 || $tenths != "0 10 20 25 35 45 55 65" ]]; then
    echo "a change of colour tags no longer restarts select's counting." >&2
    exit 1
fi
