#!/usr/bin/env bash
# exifread finds no EXIF in Pillow's WebP and stops with an AssertionError at pillow-heif's HEIC.
#
# Guess:    exifread names WebP and HEIC among its formats; EXIF that Pillow reads back from a file is found there.
# Real:     the EXIF chunk of a WebP and the Exif item of a HEIC hold a TIFF structure, before which writers may or
#           may not put JPEG's six bytes "Exif\0\0". exifread counts on them: without them it skips the first six
#           bytes of a WebP's TIFF header and returns an empty result without an exception, and raises an
#           AssertionError of HEIC. Of JPEG, PNG and AVIF it reads the same EXIF.
# Versions: exifread 3.5.1, pillow 13.0.0, pillow-heif 1.8.1.
# Matters:  "has no date" and "the date was not found" look the same in WebP, and a program that catches the
#           library's own exceptions does not catch an AssertionError.
#
# Seen (the same EXIF in each):
#   JPEG  Pillow: a camera   exifread: a camera
#   PNG   Pillow: a camera   exifread: a camera
#   AVIF  Pillow: a camera   exifread: a camera
#   WEBP  Pillow: a camera   exifread: nothing
#   HEIF  Pillow: a camera   exifread: AssertionError
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv exifread==3.5.1 pillow==13.0.0 pillow-heif==1.8.1

python - <<'PY' 2> messages || { cat messages >&2; exit 1; }
import io, sys

import exifread
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()
MAKE = 0x010F
exif = Image.Exif()
exif[MAKE] = "a camera"


def by_exifread(data):
    try:
        tags = exifread.process_file(io.BytesIO(data))
    except Exception as problem:
        return type(problem).__name__
    return str(tags.get("Image Make", "nothing"))


EXPECTED = {"JPEG": "a camera", "PNG": "a camera", "AVIF": "a camera", "WEBP": "nothing", "HEIF": "AssertionError"}
for form, expected in EXPECTED.items():
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "gray").save(file, form, exif=exif)
    by_pillow = Image.open(io.BytesIO(file.getvalue())).getexif().get(MAKE)
    seen = by_exifread(file.getvalue())
    print(f"{form:5} Pillow: {by_pillow}   exifread: {seen}")
    if (by_pillow, seen) != ("a camera", expected):
        sys.exit(f"exifread no longer reads {form} as above.")
PY
