"""Sidecars as exiftool, exiv2 and exempi read and rewrite them, and regions against stored pixels."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.detections import Box, Detection, FrameResult, Label
from pipeline.files.walk import iter_sources
from pipeline.photos.photo import open_photo
from pipeline.source import Limits, Turn
from reporters.xmpwriter import XmpWriter, XmpWriterParams
from tests.pictures import PATCH, PATCHES, encoded, patches
from tests.sidecars import ANNA, DOG, UPRIGHT, keywords, merge_into

FORMATS = {"JPEG": "jpg", "PNG": "png", "TIFF": "tif", "HEIF": "heic", "WEBP": "webp"}


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def said(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


def exiftool(path: Path, *options: str) -> dict:
    (found,) = json.loads(said("exiftool", "-json", "-struct", "-n", *options, path))
    return found


def turned(format_: str, orientation: int) -> bytes:
    """A photo that stands upright as `patches()` does, stored as this orientation asks for."""
    exif = Image.Exif()
    exif[0x112] = orientation
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    picture = Image.fromarray(patches())
    stored = picture.transpose(undo[orientation]) if orientation > 1 else picture
    return encoded(stored, format_, exif=exif)


def write_sidecar(folder: Path, name: str, content: bytes) -> Path:
    """Mine a photo whose patch of the first row and second column is Anna's face; the sidecar's path."""
    (folder / "in").mkdir()
    (folder / "in" / name).write_bytes(content)
    (source,) = iter_sources(str(folder / "in"))
    facts, frame = open_photo(source, Limits())  # type: ignore[arg-type]
    assert facts.size_wh == (3 * PATCH, 2 * PATCH)
    writer = XmpWriter("sidecars", XmpWriterParams())
    writer.load()
    with writer.open(source, facts, folder / "out") as session:  # type: ignore[arg-type]
        face = Detection(Box(PATCH, 0, 2 * PATCH, PATCH), (Label("Anna", method="eigen"),))
        dog = Detection(Box(0, 0, 9, 9), (Label("dog", 0.9),))
        session.write(frame, FrameResult(0, None, {"names": (face,), "things": (dog,)}))
    return folder / "out" / f"{name}.xmp"


@needs("exiftool")
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", FORMATS)
def test_regions_are_of_the_stored_picture(format_, orientation, tmp_path):
    name = f"a.{FORMATS[format_]}"
    sidecar = write_sidecar(tmp_path, name, turned(format_, orientation))
    info = exiftool(sidecar)["RegionInfo"]
    (face,) = info["RegionList"]
    area, size = face["Area"], info["AppliedToDimensions"]
    assert (face["Name"], face["Type"], area["Unit"]) == ("Anna", "Face", "normalized")
    photo = exiftool(tmp_path / "in" / name)
    assert photo.get("Orientation", 1) == orientation
    if format_ != "HEIF":  # of which libheif gives no stored pixels
        assert (size["W"], size["H"]) == (photo["ImageWidth"], photo["ImageHeight"])
    stored = np.asarray(Image.open(io.BytesIO(turned("JPEG", orientation))))
    x, y = area["X"] * size["W"], area["Y"] * size["H"]
    w, h = area["W"] * size["W"], area["H"] * size["H"]
    left, top = round(x - w / 2) + 6, round(y - h / 2) + 6
    inside = stored[top : round(y + h / 2) - 6, left : round(x + w / 2) - 6]
    assert inside.size
    assert np.abs(inside.astype(int) - PATCHES[0][1]).max() < 25
    assert (round(w), round(h)) == (PATCH, PATCH)


@needs("exiftool")
@needs("exiv2")
@needs("exempi")
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_judges_read_the_same_region(orientation, tmp_path):
    sidecar = tmp_path / "a.jpg.xmp"
    photo = UPRIGHT._replace(turn=Turn(orientation, orientation))
    sidecar.write_bytes(merge_into(None, ANNA, photo=photo))
    info = exiftool(sidecar)["RegionInfo"]
    shown = [info["RegionList"][0]["Area"][side] for side in "XYWH"]
    by_exiv2 = said("exiv2", "-Pkv", sidecar)
    found = dict(re.findall(r"RegionList\[1\]/mwg-rs:Area/stArea:([xywh])\s+(\S+)", by_exiv2))
    assert [float(found[side]) for side in "xywh"] == shown
    by_exempi = dict(re.findall(r"<stArea:([xywh])>(.+?)<", said("exempi", "-x", sidecar)))
    assert [float(by_exempi[side]) for side in "xywh"] == shown
    size = info["AppliedToDimensions"]
    assert (size["W"], size["H"]) == ((480, 640) if orientation >= 5 else (640, 480))


@needs("exiftool")
def test_exiftool_finds_nothing_wrong(tmp_path):
    sidecar = tmp_path / "a.jpg.xmp"
    sidecar.write_bytes(merge_into(None, ANNA, DOG))
    assert said("exiftool", "-validate", "-warning", "-error", "-a", sidecar).split() == [
        "Validate",
        ":",
        "OK",
    ]
    found = exiftool(sidecar)
    assert found["Subject"] == ["dog", "Anna"] or found["Subject"] == ["Anna", "dog"]
    assert sorted(found["HierarchicalSubject"]) == ["Objects|dog", "People|Anna"]
    assert sorted(found["TagsList"]) == ["Objects/dog", "People/Anna"]


@needs("exiv2")
def test_exiv2_reads_all_of_it(tmp_path):
    sidecar = tmp_path / "a.jpg.xmp"
    sidecar.write_bytes(merge_into(None, ANNA, DOG))
    shown = " ".join(said("exiv2", "-px", sidecar).split())
    assert "Xmp.dc.subject XmpBag 2 Anna, dog" in shown
    assert "Xmp.lr.hierarchicalSubject XmpBag 2 People|Anna, Objects|dog" in shown
    assert "Xmp.digiKam.TagsList XmpSeq 2 People/Anna, Objects/dog" in shown
    assert "RegionList[1]/mwg-rs:Name XmpText 4 Anna" in shown


@needs("exempi")
def test_exempi_reads_all_of_it(tmp_path):
    sidecar = tmp_path / "a.jpg.xmp"
    sidecar.write_bytes(merge_into(None, ANNA, DOG))
    shown = said("exempi", "-x", sidecar)
    for word in ("<mwg-rs:Name>Anna<", "<rdf:li>People/Anna<", "<rdf:li>Objects|dog<", "<stArea:x>0.234375<"):
        assert word in shown


REWRITERS = [
    pytest.param(("exiv2", "-Mset Xmp.xmp.Rating 3"), marks=needs("exiv2"), id="exiv2"),
    pytest.param(
        ("exiftool", "-q", "-overwrite_original", "-XMP-xmp:Rating=3"), marks=needs("exiftool"), id="exiftool"
    ),
]


@pytest.mark.parametrize("command", REWRITERS)
def test_a_sidecar_that_another_program_has_rewritten_is_still_known(command, tmp_path):
    sidecar = tmp_path / "a.jpg.xmp"
    sidecar.write_bytes(merge_into(None, ANNA, DOG))
    said(*command, sidecar)
    rewritten = sidecar.read_bytes()
    assert b"Rating" in rewritten
    assert merge_into(rewritten, ANNA, DOG) is rewritten
    fewer = merge_into(rewritten, ANNA)
    assert keywords(fewer)[0] == ["Anna"]
    assert b"Rating" in fewer
    assert b"Name" not in merge_into(fewer, DOG)


@needs("exiftool")
def test_a_keyword_that_is_removed_with_exiftool_stays_away(tmp_path):
    sidecar = tmp_path / "a.jpg.xmp"
    sidecar.write_bytes(merge_into(None, ANNA, DOG))
    said("exiftool", "-q", "-overwrite_original", "-XMP-dc:Subject-=dog", sidecar)
    assert keywords(merge_into(sidecar.read_bytes(), ANNA, DOG))[2] == ["People/Anna"]


@needs("exiftool")
def test_the_recipe_that_embeds_a_sidecar(tmp_path):
    (tmp_path / "a.jpg").write_bytes(encoded(patches(), "JPEG"))
    (tmp_path / "a.jpg.xmp").write_bytes(merge_into(None, ANNA, DOG))
    recipe = "-q -overwrite_original -tagsfromfile %d%f.%e.xmp -xmp:all -ext jpg"
    said("exiftool", *recipe.split(), tmp_path)
    found = exiftool(tmp_path / "a.jpg", "-XMP:all")
    assert sorted(found["TagsList"]) == ["Objects/dog", "People/Anna"]
    assert sorted(found["HierarchicalSubject"]) == ["Objects|dog", "People|Anna"]
    assert found["RegionInfo"]["RegionList"][0]["Name"] == "Anna"
