#!/usr/bin/env bash
# exiftool -n puts a photo 542 m below the sea that says, by EXIF 3.0, that it is 542 m above it.
#
# Guess:    GPSAltitudeRef is 0 above and 1 below the sea. With -n exiftool negates the altitude below, and a newer
#           value that it knows by name is treated by its name.
# Real:     EXIF 3.0 added 2, above sea level, and 3, below sea level (0 and 1 refer to the ellipsoid there).
#           exiftool prints 2 as "Positive Sea Level" and negates the number all the same: every value but 0 is
#           taken for below.
# Versions: exiftool 13.59 (npm's exiftool-vendored.pl 13.59.3), pillow 13.0.0 (writes the files). 12.57 negates
#           too.
# Matters:  programs read exiftool's JSON with -n. A photo from a mountain lies in the sea on their map, and
#           exiftool as the judge of another reader finds that one wrong.
#
# Seen (GPSAltitude 542):
#   GPSAltitudeRef 0: 542 (Above Sea Level)
#   GPSAltitudeRef 1: -542 (Below Sea Level)
#   GPSAltitudeRef 2: -542 (Positive Sea Level (sea-level ref))
#   GPSAltitudeRef 3: -542 (Negative Sea Level (sea-level ref))
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv pillow==13.0.0
fetch_exiftool

python - <<'PY'
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

for reference in range(4):
    exif = Image.Exif()
    exif[0x8825] = {5: bytes([reference]), 6: IFDRational(542)}
    Image.new("RGB", (8, 8)).save(f"{reference}.jpg", exif=exif)
PY
for reference in 0 1 2 3; do
    number=$(exiftool -s3 -n -Composite:GPSAltitude "$reference.jpg")
    name=$(exiftool -s3 -GPSAltitudeRef "$reference.jpg")
    echo "GPSAltitudeRef $reference: $number ($name)"
    if [[ $number != $((reference ? -542 : 542)) ]]; then
        echo "exiftool no longer negates every altitude whose reference is not 0." >&2
        exit 1
    fi
done
