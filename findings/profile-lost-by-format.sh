#!/usr/bin/env bash
# Whether Pillow keeps a photo's colour profile depends on the format that it saves.
#
# Guess:    Image.open(...).save(...) keeps the ICC profile that it read, or drops it, as it drops EXIF; the format
#           matters only if it cannot hold one.
# Real:     PNG, TIFF and AVIF get the profile by themselves; JPEG and WebP, which can hold one as well, lose it
#           unless icc_profile= is given. HEIF by pillow-heif gets profile, EXIF and XMP. EXIF is kept by HEIF
#           alone.
# Versions: pillow 13.0.0, pillow-heif 1.8.1.
# Matters:  photos of phones are Display P3. A JPEG copy without the profile looks pale, the PNG copy made by the
#           same line is not; and an HEIF copy carries the place where the photo was taken.
#
# Seen (a JPEG with a profile and EXIF, opened and saved with no further arguments):
#   JPEG  profile lost   EXIF lost
#   WEBP  profile lost   EXIF lost
#   PNG   profile kept   EXIF lost
#   TIFF  profile kept   EXIF lost
#   AVIF  profile kept   EXIF lost
#   HEIF  profile kept   EXIF kept
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv pillow==13.0.0 pillow-heif==1.8.1

python - <<'PY'
import io, sys

import pillow_heif
from PIL import Image, ImageCms

pillow_heif.register_heif_opener()
MAKE = 0x010F
exif = Image.Exif()
exif[MAKE] = "a camera"
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
photo = io.BytesIO()
Image.linear_gradient("L").convert("RGB").save(photo, "JPEG", icc_profile=profile, exif=exif)

KEEPS_PROFILE, KEEPS_EXIF = {"PNG", "TIFF", "AVIF", "HEIF"}, {"HEIF"}
for form in ("JPEG", "WEBP", "PNG", "TIFF", "AVIF", "HEIF"):
    saved = io.BytesIO()
    Image.open(io.BytesIO(photo.getvalue())).save(saved, form)
    copy = Image.open(io.BytesIO(saved.getvalue()))
    has_profile, has_exif = copy.info.get("icc_profile") == profile, MAKE in copy.getexif()
    print(f"{form:5} profile {'kept' if has_profile else 'lost'}   EXIF {'kept' if has_exif else 'lost'}")
    if (has_profile, has_exif) != (form in KEEPS_PROFILE, form in KEEPS_EXIF):
        sys.exit(f"{form} no longer keeps and loses profile and EXIF as above.")
PY
