#!/usr/bin/env bash
# exiftool's lists of face names and face places have different lengths if one face has no name.
#
# Guess:    RegionName, RegionType and RegionAreaX are lists with an entry for each region, so the n-th name belongs
#           to the n-th area.
# Real:     a region without a name leaves no gap: three areas, two names, and the second name stands beside the
#           unnamed face. Only with -struct does each name stay with its area.
# Versions: exiftool 13.59 (npm's exiftool-vendored.pl 13.59.3), pillow 13.0.0 (writes the file). 12.57 does the
#           same.
# Matters:  a face that a photo program has found and that still waits for a name is the usual case. A program that
#           pairs the lists gives that face another person's name, and teaches a recognizer with it.
#
# Seen (faces at x 0.2 Ann, 0.5 without a name, 0.8 Cleo):
#   names  [Ann, Cleo]
#   places [0.2, 0.5, 0.8]
#   -struct: 0.2 Ann, 0.5 -, 0.8 Cleo
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv pillow==13.0.0
fetch_exiftool

python - <<'PY'
from PIL import Image

AREA = 'stArea:x="{x}" stArea:y="0.5" stArea:w="0.1" stArea:h="0.2" stArea:unit="normalized"'
faces = [("Ann", 0.2), (None, 0.5), ("Cleo", 0.8)]
regions = "".join(
    f'<rdf:li><rdf:Description mwg-rs:Type="Face"{f" mwg-rs:Name={chr(34)}{name}{chr(34)}" if name else ""}>'
    f"<mwg-rs:Area {AREA.format(x=x)}/></rdf:Description></rdf:li>"
    for name, x in faces
)
xmp = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
 xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#">
<mwg-rs:Regions rdf:parseType="Resource">
<mwg-rs:AppliedToDimensions stDim:w="64" stDim:h="64" stDim:unit="pixel"/>
<mwg-rs:RegionList><rdf:Bag>{regions}</rdf:Bag></mwg-rs:RegionList>
</mwg-rs:Regions></rdf:Description></rdf:RDF></x:xmpmeta>"""
Image.new("RGB", (64, 64)).save("faces.jpg", xmp=xmp.encode())
PY
exiftool -json -RegionName -RegionAreaX faces.jpg > flat.json
exiftool -json -struct -RegionInfo faces.jpg > struct.json

python - <<'PY'
import json, sys

flat = json.load(open("flat.json"))[0]
regions = json.load(open("struct.json"))[0]["RegionInfo"]["RegionList"]
print(f"names  [{', '.join(flat['RegionName'])}]")
print(f"places {flat['RegionAreaX']}")
together = [(region["Area"]["X"], region.get("Name", "-")) for region in regions]
print(f"-struct: {', '.join(f'{x} {name}' for x, name in together)}")
if flat["RegionName"] != ["Ann", "Cleo"] or flat["RegionAreaX"] != [0.2, 0.5, 0.8]:
    sys.exit("exiftool no longer leaves the region without a name out of the list of names.")
if together != [(0.2, "Ann"), (0.5, "-"), (0.8, "Cleo")]:
    sys.exit("exiftool -struct no longer keeps names with their areas.")
PY
