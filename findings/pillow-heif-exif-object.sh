#!/usr/bin/env bash
# A photo saved as HEIC with exif=image.getexif() loses its orientation and lies on its side.
#
# Guess:    image.save(name, exif=image.getexif()) keeps EXIF and with it the orientation, whatever the format.
# Real:     pillow-heif turns the pixels upright and writes the orientation as 1, but only where it looks at the
#           image's own EXIF or gets `exif` as bytes. Of an Exif object it writes the orientation as 1 and leaves
#           the pixels as they lie, so the way up is gone. JPEG, PNG, WebP and AVIF keep it with the same call.
# Versions: pillow 13.0.0, pillow-heif 1.8.1 (0.22.0 does the same).
# Matters:  a converted collection is mined sideways: detectors find little, and nothing in the file says why.
#
# Seen (a JPEG of 320x200 with orientation 6, to be shown as 200x320, saved again and opened):
#   HEIF save()                     shown as 200x320
#   HEIF save(exif=bytes)           shown as 200x320
#   HEIF save(exif=Exif object)     shown as 320x200
#   JPEG save(exif=Exif object)     shown as 200x320
#   PNG  save(exif=Exif object)     shown as 200x320
#   WEBP save(exif=Exif object)     shown as 200x320
#   AVIF save(exif=Exif object)     shown as 200x320
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv pillow==13.0.0 pillow-heif==1.8.1

python - <<'PY'
import io, sys

import pillow_heif
from PIL import Image, ImageOps

pillow_heif.register_heif_opener()
exif = Image.Exif()
exif[0x0112] = 6
photo = io.BytesIO()
Image.linear_gradient("L").convert("RGB").resize((320, 200)).save(photo, "JPEG", exif=exif)


def shown(form, what):
    """The size at which a viewer shows the photo, saved as `form` with `what` as exif, after a turn by EXIF."""
    image = Image.open(io.BytesIO(photo.getvalue()))
    given = {"": {}, "bytes": {"exif": image.info["exif"]}, "Exif object": {"exif": image.getexif()}}[what]
    saved = io.BytesIO()
    image.save(saved, form, **given)
    return ImageOps.exif_transpose(Image.open(io.BytesIO(saved.getvalue()))).size


cases = [("HEIF", ""), ("HEIF", "bytes"), *((form, "Exif object") for form in ("HEIF", "JPEG", "PNG", "WEBP", "AVIF"))]
for case in cases:
    size = shown(*case)
    call = f"save(exif={case[1]})" if case[1] else "save()"
    print(f"{case[0]:4} {call:26} shown as {size[0]}x{size[1]}")
    if size != ((320, 200) if case == ("HEIF", "Exif object") else (200, 320)):
        sys.exit(f"{case[0]} with {call} is no longer shown as above.")
PY
