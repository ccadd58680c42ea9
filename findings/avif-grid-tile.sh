#!/usr/bin/env bash
# Of an AVIF photo that is stored in tiles, PyAV and cv2.VideoCapture give one tile as if it were the photo.
#
# Guess:    a program that opens the file with ffmpeg's libraries gets what the ffmpeg program shows.
# Real:     the libraries list each tile as a video stream of its own. The program of ffmpeg 9 puts them together;
#           PyAV's decode(video=0) and OpenCV's VideoCapture give the top left tile, without a warning. Pillow and
#           cv2.imread give the whole photo.
# Versions: av 18.1.0, opencv-python-headless 4.14.0.94, pillow 13.0.0, imageio-ffmpeg 0.8.1 (ffmpeg 9.0.2).
# Matters:  large photos are stored so: an iPhone's HEIC of 12 megapixels has 48 tiles of 512x512 in the same
#           structure. A program that opens photos as videos of one frame mines a corner of them as the whole.
#
# Seen (256x160 in four tiles):
#   Pillow             256x160
#   cv2.imread         256x160
#   ffmpeg             256x160
#   PyAV               128x80, 4 video streams
#   cv2.VideoCapture   128x80
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv av==18.1.0 opencv-python-headless==4.14.0.94 pillow==13.0.0 imageio-ffmpeg==0.8.1 numpy==2.4.6

python - <<'PY'
import io
from struct import pack, unpack_from

from PIL import Image

WIDTH, HEIGHT = 128, 80  # of a tile


def box(kind, *parts):
    content = b"".join(parts)
    return pack(">I4s", 8 + len(content), kind) + content


def coded(colour):
    """A tile's AV1 data and its av1C box, from an AVIF file that Pillow writes."""
    file = io.BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), colour).save(file, "AVIF", subsampling="4:4:4")
    data = file.getvalue()
    at = data.index(b"av1C") - 4
    return data[data.index(b"mdat") + 4 :], data[at : at + unpack_from(">I", data, at)[0]]


tiles = [coded(colour) for colour in ("red", "lime", "blue", "yellow")]
grid = pack(">BBBBHH", 0, 0, 1, 1, 2 * WIDTH, 2 * HEIGHT)
items = [(b"grid", grid), *((b"av01", data) for data, _ in tiles)]  # numbered from 1 on


def meta(media_starts_at):
    places, at = b"", media_starts_at
    for number, (_, data) in enumerate(items, 1):
        places += pack(">HHHII", number, 0, 1, at, len(data))
        at += len(data)
    names = [box(b"infe", pack(">IHH4sB", (2 << 24) + (number > 1), number, 0, kind, 0))
             for number, (kind, _) in enumerate(items, 1)]
    properties = box(b"ipco", *(box(b"ispe", pack(">III", 0, n * WIDTH, n * HEIGHT)) for n in (2, 1)),
                     tiles[0][1], box(b"pixi", pack(">IBBBB", 0, 3, 8, 8, 8)))
    owners = pack(">HBBB", 1, 2, 1, 4) + b"".join(pack(">HBBBB", number, 3, 2, 0x83, 4) for number in range(2, 6))
    return box(
        b"meta", bytes(4), box(b"hdlr", pack(">II4s13x", 0, 0, b"pict")), box(b"pitm", pack(">IH", 0, 1)),
        box(b"iloc", pack(">IHH", 0, 0x4400, len(items)), places), box(b"iinf", pack(">IH", 0, len(items)), *names),
        box(b"iref", bytes(4), box(b"dimg", pack(">HHHHHH", 1, 4, 2, 3, 4, 5))),
        box(b"iprp", properties, box(b"ipma", pack(">II", 0, 5), owners)),
    )


head = box(b"ftyp", b"avif", bytes(4), b"avifmif1miaf")
media = box(b"mdat", *(data for _, data in items))
with open("tiles.avif", "wb") as file:
    file.write(head + meta(len(head) + len(meta(0)) + 8) + media)
PY
ffmpeg -v error -i tiles.avif ffmpeg.png

python - <<'PY'
import sys

import av
import cv2
from PIL import Image

with av.open("tiles.avif") as file:
    streams, frame = len(file.streams.video), next(file.decode(video=0))
seen = {
    "Pillow": Image.open("tiles.avif").convert("RGB").size,
    "cv2.imread": cv2.imread("tiles.avif").shape[1::-1],
    "ffmpeg": Image.open("ffmpeg.png").size,
    "PyAV": (frame.width, frame.height),
    "cv2.VideoCapture": cv2.VideoCapture("tiles.avif").read()[1].shape[1::-1],
}
for name, (width, height) in seen.items():
    print(f"{name:18} {width}x{height}{f', {streams} video streams' if name == 'PyAV' else ''}")
if list(seen.values()) != [(256, 160)] * 3 + [(128, 80)] * 2:
    sys.exit("PyAV and cv2.VideoCapture no longer give one tile for the photo.")
PY
