#!/usr/bin/env bash
# "Decode only keyframes" gives three frames in the wrong order, or every frame, depending on how the video was encoded.
#
# Guess:    -skip_frame nokey (in PyAV skip_frame = "NONKEY") gives the frames whose packets are marked as
#           keyframes, in order, and decodes nothing else.
# Real:     that holds for H.264 with closed groups of pictures. With open groups (x264's open-gop=1) 3 of 10 frames
#           come out, the latest first, and the other 7 never. With intra refresh one of 10 comes: the other packets
#           that the container marks are recovery points. VP9's decoder does not look at the option and gives every
#           frame.
# Versions: av 18.1.0, imageio-ffmpeg 0.8.1 (ffmpeg 9.0.2; encodes, and its program gives the same counts).
# Matters:  keyframes are the cheap way to look into a long video. A program that relies on them mines three frames
#           of a broadcast, or pays the full price where it counted on a fiftieth.
#
# Seen (10 seconds of 25 frames, a keyframe each second):
#   H.264, closed groups   10 marked packets, 10 decoded: 0 1 2 3 4 5 6 7 8 9
#   H.264, open groups     10 marked packets, 3 decoded: 2 1 0
#   H.264, intra refresh   10 marked packets, 1 decoded: 0
#   VP9                    10 marked packets, 250 decoded
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv av==18.1.0 imageio-ffmpeg==0.8.1

encode() { ffmpeg -v error -f lavfi -i testsrc2=s=160x96:d=10:r=25 "$@"; }
encode -c:v libx264 -x264-params keyint=25:scenecut=0 closed.mp4
encode -c:v libx264 -x264-params keyint=25:min-keyint=25:scenecut=0:open-gop=1 open.mp4
encode -c:v libx264 -x264-params keyint=25:bframes=0:intra-refresh=1 refresh.mp4
encode -c:v libvpx-vp9 -cpu-used 8 -g 25 vp9.webm
counts=
for clip in closed.mp4 open.mp4 refresh.mp4 vp9.webm; do
    counts+=" $(ffmpeg -v fatal -skip_frame nokey -i "$clip" -fps_mode passthrough -f framecrc - | grep -vc '^#')"
done

COUNTS=$counts python - <<'PY'
import os, sys

import av

CLIPS = {
    "H.264, closed groups": ("closed.mp4", list(range(10))),
    "H.264, open groups": ("open.mp4", [2, 1, 0]),
    "H.264, intra refresh": ("refresh.mp4", [0]),
    "VP9": ("vp9.webm", None),
}
decoded_by_pyav = []
for name, (path, expected) in CLIPS.items():
    with av.open(path) as file:
        marked = sum(packet.is_keyframe for packet in file.demux(video=0) if packet.size)
    with av.open(path) as file:
        file.streams.video[0].codec_context.skip_frame = "NONKEY"
        seconds = [round(frame.time) for frame in file.decode(video=0)]
    decoded_by_pyav.append(len(seconds))
    order = f": {' '.join(map(str, seconds))}" if len(seconds) <= 10 else ""
    print(f"{name:22} {marked} marked packets, {len(seconds)} decoded{order}")
    if marked != 10 or (len(seconds) != 250 if expected is None else seconds != expected):
        sys.exit(f"{name}: skipping all but keyframes no longer gives the frames above.")
if [int(count) for count in os.environ["COUNTS"].split()] != decoded_by_pyav:
    sys.exit("the program ffmpeg no longer gives as many frames as PyAV.")
PY
