#!/usr/bin/env bash
# Of a JPEG 2000 photo Pillow, OpenCV and ffmpeg hand on neither the ICC profile nor EXIF nor XMP, nor do they turn it.
#
# Guess:    a reader that gives profile, EXIF and orientation of JPEG, PNG and TIFF gives them of JP2 too, or warns.
# Real:     all three decode the pixels and skip the file's boxes: `colr` with a profile, and `uuid` with EXIF and
#           XMP, where exiftool and image editors keep them. Pillow's getexif() is empty and info has no icc_profile;
#           OpenCV, which says that it assumes sRGB, does not turn a photo of orientation 6, as it does for JPEG;
#           ffmpeg's PNG has neither.
# Versions: pillow 13.0.0, opencv-python-headless 4.14.0.94, imageio-ffmpeg 0.8.1 (ffmpeg 9.0.2).
# Matters:  archives and libraries hand out scans as JP2 in wide-gamut spaces. They come out pale, undated and lying
#           on their side.
#
# Seen (96x64, orientation 6, with a profile, EXIF and XMP):
#   Pillow, JPEG       icc_profile True   exif True    xmp True
#   Pillow, JP2        icc_profile False  exif False   xmp False
#   OpenCV, JPEG       64x96
#   OpenCV, JP2        96x64
#   ffmpeg, JPEG       icc True   exif True
#   ffmpeg, JP2        icc False  exif False
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv pillow==13.0.0 opencv-python-headless==4.14.0.94 imageio-ffmpeg==0.8.1 numpy==2.4.6

python - <<'PY'
import io
import subprocess
import sys
from struct import pack, unpack_from

import cv2
import imageio_ffmpeg
from PIL import Image, ImageCms

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="5"/></rdf:RDF></x:xmpmeta>"""
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def box(kind, content):
    return pack(">I4s", 8 + len(content), kind) + content


exif = Image.Exif()
exif[0x112], exif[0x10F] = 6, "Maker"
picture = Image.new("RGB", (96, 64), "teal")
picture.save("a.jpg", exif=exif, icc_profile=PROFILE, xmp=XMP)

file = io.BytesIO()
picture.save(file, "JPEG2000")
plain = file.getvalue()
at = plain.index(b"jp2h") - 4
(length,) = unpack_from(">I", plain, at)
header = plain[at + 8 : at + length]
colour = header.index(b"colr") - 4
header = header[:colour] + box(b"colr", b"\2\0\0" + PROFILE)  # method 2: a restricted ICC profile
block = exif.tobytes().removeprefix(b"Exif\0\0")
more = box(b"uuid", b"JpgTiffExif->JP2" + block) + box(b"uuid", XMP_UUID + XMP)
with open("a.jp2", "wb") as target:
    target.write(plain[:at] + box(b"jp2h", header) + more + plain[at + length :])

changed = []
for name, there in (("JPEG", True), ("JP2", False)):
    path = f"a.{'jpg' if there else 'jp2'}"
    image = Image.open(path)
    seen = ("icc_profile" in image.info, bool(image.getexif()), "xmp" in image.info)
    print(f"{'Pillow, ' + name:18} icc_profile {seen[0]!s:6} exif {seen[1]!s:7} xmp {seen[2]}")
    height, width = cv2.imread(path).shape[:2]
    print(f"{'OpenCV, ' + name:18} {width}x{height}")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-noautorotate", "-i", path, "-f", "image2pipe"]
    png = subprocess.run([*command, "-c:v", "png", "-"], capture_output=True, check=True).stdout
    by_ffmpeg = (b"iCCP" in png, b"eXIf" in png)
    print(f"{'ffmpeg, ' + name:18} icc {by_ffmpeg[0]!s:6} exif {by_ffmpeg[1]}")
    if {*seen, *by_ffmpeg} != {there} or ((width, height) == (64, 96)) is not there:
        changed.append(name)
if changed:
    sys.exit(f"{' and '.join(changed)}: no longer read as above.")
PY
