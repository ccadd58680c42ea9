#!/usr/bin/env bash
# A photo without EXIF is turned by Pillow if its XMP says tiff:Orientation; OpenCV and ffmpeg leave it as it is.
#
# Guess:    getexif() speaks of EXIF. Without an EXIF block there is no orientation, and all readers agree.
# Real:     Pillow looks for tiff:Orientation in the XMP packet where EXIF has none, and reports it as tag 274 of
#           getexif(), so exif_transpose() turns the photo. cv2.imread and ffmpeg 9 turn photos too, but by EXIF
#           alone.
# Versions: pillow 13.0.0, opencv-python-headless 4.14.0.94, imageio-ffmpeg 0.8.1 (ffmpeg 9.0.2).
# Matters:  editors that write XMP and drop EXIF leave such files. A box found in pixels of one reader lies in the
#           wrong place in those of another.
#
# Seen (stored as 320x200, orientation 6):
#   orientation in XMP:
#     JPEG: getexif() says 6, Pillow shows 200x320, OpenCV 320x200, ffmpeg 320x200
#     WEBP: getexif() says 6, Pillow shows 200x320, OpenCV 320x200, ffmpeg 320x200
#   orientation in EXIF:
#     JPEG: getexif() says 6, Pillow shows 200x320, OpenCV 200x320, ffmpeg 200x320
#     WEBP: getexif() says 6, Pillow shows 200x320, OpenCV 200x320, ffmpeg 200x320
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv pillow==13.0.0 opencv-python-headless==4.14.0.94 imageio-ffmpeg==0.8.1 numpy==2.4.6

python - <<'PY'
import subprocess, sys

import cv2
import imageio_ffmpeg
from PIL import Image, ImageOps

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
exif = Image.Exif()
exif[0x0112] = 6


def ffmpeg_size(name):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", name, "ffmpeg.png"]
    subprocess.run(command, check=True)
    return Image.open("ffmpeg.png").size


for place, given, others in (("XMP", {"xmp": XMP}, (320, 200)), ("EXIF", {"exif": exif}, (200, 320))):
    print(f"orientation in {place}:")
    for form in ("JPEG", "WEBP"):
        name = f"photo.{form.lower()}"
        Image.linear_gradient("L").convert("RGB").resize((320, 200)).save(name, form, **given)
        photo = Image.open(name)
        sizes = ImageOps.exif_transpose(photo).size, cv2.imread(name).shape[1::-1], ffmpeg_size(name)
        words = ["{}x{}".format(*size) for size in sizes]
        print(f"  {form}: getexif() says {photo.getexif().get(0x0112)}, Pillow shows {words[0]},",
              f"OpenCV {words[1]}, ffmpeg {words[2]}")
        if sizes != ((200, 320), others, others):
            sys.exit(f"an orientation in {place} is no longer obeyed as above.")
PY
