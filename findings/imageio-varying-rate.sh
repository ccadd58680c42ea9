#!/usr/bin/env bash
# imageio's ffmpeg reader hands out more or fewer frames than a video of varying rate holds.
#
# Guess:    iterating over imageio.get_reader(...) gives each frame of the file once. count_frames() says how many.
# Real:     frames come through a pipe at the constant rate that the container declares: ffmpeg repeats frames where
#           the video is slower than that and drops them where it is faster. Here 49 come of 40: of the first 20
#           only 12, of the last 20 nearly all twice. count_frames() says 40 all the same. imageio's pyav plugin and
#           OpenCV give the 40.
# Versions: imageio 2.38.1, imageio-ffmpeg 0.8.1 (ffmpeg 9.0.2), av 18.1.0, opencv-python-headless 4.14.0.94.
# Matters:  phones record at a varying rate. Index n is another picture in each reader, and index / fps is not the
#           time at which something was seen.
#
# Seen:
#   imageio, ffmpeg reader: 49 frames, 17 of them repeated, 8 of the file's 40 never seen; count_frames() 40
#   imageio, pyav plugin: 40 frames
#   OpenCV: 40 frames
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv imageio==2.38.1 imageio-ffmpeg==0.8.1 av==18.1.0 opencv-python-headless==4.14.0.94 numpy==2.4.6

python - <<'PY'
import sys
from fractions import Fraction

import av
import cv2
import imageio.v2, imageio.v3
import numpy as np


def write(path):
    """40 frames, of which number n is as bright as 20 + 5 n: 20 at 50 a second, then 20 at 12.5 a second."""
    with av.open(path, "w") as file:
        stream = file.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        time = 0
        for number in range(40):
            luma, chroma = np.full((48, 64), 20 + 5 * number), np.full((24, 64), 128)
            frame = av.VideoFrame.from_ndarray(np.vstack([luma, chroma]).astype(np.uint8), format="yuv420p")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            file.mux(stream.encode(frame))
            time += 20 if number < 20 else 80
        file.mux(stream.encode())


def numbers(frames):
    """The number of each frame, read from its brightness: luma 16..235 is shown as 0..255."""
    return [round((float(np.mean(frame)) * 219 / 255 + 16 - 20) / 5) for frame in frames]


def opencv(path):
    video = cv2.VideoCapture(path)
    while (answer := video.read())[0]:
        yield answer[1]


write("clip.mkv")
reader = imageio.v2.get_reader("clip.mkv", "ffmpeg")
through_pipe, counted = numbers(reader), reader.count_frames()
through_pyav = numbers(imageio.v3.imiter("clip.mkv", plugin="pyav"))
through_opencv = numbers(opencv("clip.mkv"))
unseen = len(set(range(40)) - set(through_pipe))
repeated = len(through_pipe) - len(set(through_pipe))
print(f"imageio, ffmpeg reader: {len(through_pipe)} frames, {repeated} of them repeated,",
      f"{unseen} of the file's 40 never seen; count_frames() {counted}")
print(f"imageio, pyav plugin: {len(through_pyav)} frames")
print(f"OpenCV: {len(through_opencv)} frames")
every = list(range(40))
if (len(through_pipe), counted) != (49, 40) or not unseen or [through_pyav, through_opencv] != [every, every]:
    sys.exit("imageio's ffmpeg reader no longer repeats and drops frames as above.")
PY
