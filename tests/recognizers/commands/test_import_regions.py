"""`import-regions`: names that people gave in photo programs become folders of faces."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from pipeline.xmp.regions import Area, to_stored
from tests.pictures import PATCH, PATCHES, encoded, exif_of, patches
from tests.reporters.xmp.test_judges import turned
from tests.sidecars import ANNA, merge_into, packet, region, regions

MIDDLE_ABOVE = Area(0.5, 0.25, 1 / 3, 0.5)
"""The patch of the first row and second column of an upright `patches()`."""


def microsofts(name: str, area: Area) -> str:
    x, y, w, h = area
    return (
        '<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag><rdf:li '
        f'MPReg:Rectangle="{x - w / 2}, {y - h / 2}, {w}, {h}" MPReg:PersonDisplayName="{name}"/>'
        "</rdf:Bag></MPRI:Regions></MP:RegionInfo>"
    )


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos").mkdir()
    return tmp_path / "photos"


def faces(out):
    return sorted(str(path.relative_to(out)) for path in out.rglob("*.png"))


def color(path):
    return np.asarray(Image.open(path).convert("RGB"))[4:-4, 4:-4].reshape(-1, 3).mean(axis=0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "HEIF"])
def test_the_face_that_was_named_is_cut_out_whatever_the_orientation(
    facerec, photos, tmp_path, format_, orientation
):
    (photos / "a.img").write_bytes(turned(format_, orientation))
    area = to_stored(MIDDLE_ABOVE, orientation)
    size_wh = (64, 96) if orientation >= 5 else (96, 64)
    sidecar = packet(regions(region("Anna", *area), size_wh=size_wh) + microsofts("Anna", area))
    (photos / "a.img.xmp").write_bytes(sidecar)
    said = facerec("import-regions", photos, tmp_path / "out", "--no-align", "--margin", 0)
    assert said.code == 0, said.err
    assert "Anna: 1 face\n" in said.out
    assert faces(tmp_path / "out") == ["Anna/a.img-face-1.png"]
    cut = tmp_path / "out" / "Anna" / "a.img-face-1.png"
    assert Image.open(cut).size == (PATCH, PATCH)
    assert np.abs(color(cut) - PATCHES[0][1]).max() < 25


@pytest.mark.parametrize(
    "properties", [regions(region("Anna", *MIDDLE_ABOVE)), microsofts("Anna", MIDDLE_ABOVE)]
)
def test_names_in_the_photo_itself(facerec, photos, tmp_path, properties):
    own = packet(properties.replace("640", "96").replace("480", "64"))
    (photos / "a.jpg").write_bytes(encoded(patches(), "JPEG", xmp=own))
    assert facerec("import-regions", photos, tmp_path / "out", "--no-align").code == 0
    assert faces(tmp_path / "out") == ["Anna/a.jpg-face-1.png"]


def test_a_sidecar_is_trusted_more_and_lightrooms_name_for_it_is_known(facerec, photos, tmp_path):
    def named(name):
        return packet(regions(region(name, *MIDDLE_ABOVE), size_wh=(96, 64)))

    (photos / "a.jpg").write_bytes(encoded(patches(), "JPEG", xmp=named("Old")))
    (photos / "a.jpg.xmp").write_bytes(named("New"))
    (photos / "b.jpg").write_bytes(encoded(patches(), "JPEG"))
    (photos / "b.xmp").write_bytes(named("Berta"))
    (photos / "c.jpg").write_bytes(encoded(patches(), "JPEG", xmp=named("Carl")))
    (photos / "c.jpg.xmp").write_bytes(b"no XMP")
    assert facerec("import-regions", photos, tmp_path / "out", "--no-align").code == 0
    assert [name.split("/")[0] for name in faces(tmp_path / "out")] == ["Berta", "Carl", "New"]


def test_names_that_this_program_wrote_and_what_is_no_named_face_are_left_out(facerec, photos, tmp_path):
    image = np.zeros((480, 640, 3), np.uint8)
    (photos / "a.jpg").write_bytes(encoded(image, "JPEG"))
    by_hand = regions(
        region("Carl", 0.7, 0.7, 0.2, 0.2),
        region("", 0.2, 0.7, 0.2, 0.2),
        region("Rex", 0.45, 0.7, 0.1, 0.1, "Pet"),
        region("Tiny", 0.9, 0.1, 0.01, 0.01),
        region("..", 0.1, 0.9, 0.1, 0.1),
    )
    (photos / "a.jpg.xmp").write_bytes(merge_into(packet(by_hand), ANNA))
    assert b'"Anna"' in (photos / "a.jpg.xmp").read_bytes()
    said = facerec("import-regions", photos, tmp_path / "out", "--no-align")
    assert faces(tmp_path / "out") == ["Carl/a.jpg-face-1.png"]
    assert "left out: 1 named face: smaller than 20 pixels" in said.out
    assert "left out: 1 named face: its name cannot be that of a folder" in said.out
    assert "1 face of 1 person in 1 photo" in said.out


def test_regions_that_cannot_be_placed_are_said(facerec, photos, tmp_path):
    (photos / "a.jpg").write_bytes(encoded(patches(), "JPEG"))
    (photos / "a.jpg.xmp").write_bytes(packet(regions(region("Anna", *MIDDLE_ABOVE), size_wh=(64, 64))))
    avif = encoded(patches(), "AVIF", exif=exif_of(6))
    (photos / "b.avif").write_bytes(avif)
    (photos / "b.avif.xmp").write_bytes(packet(regions(region("Anna", *MIDDLE_ABOVE), size_wh=(96, 64))))
    (photos / "c.png").write_bytes(encoded(patches(), "PNG")[:200])
    (photos / "c.png.xmp").write_bytes(packet(regions(region("Anna", *MIDDLE_ABOVE), size_wh=(96, 64))))
    said = facerec("import-regions", photos, tmp_path / "out", "--no-align")
    assert said.code == 1
    assert "a.jpg: its regions are of a picture of another shape" in said.out
    assert "b.avif: programs disagree" in said.out
    assert "c.png: the PNG file ends too early" in said.out
    assert "no photo or sidecar names a face" in said.out


def test_hostile_names_stay_inside_of_the_folder(facerec, photos, tmp_path):
    (photos / "a.jpg").write_bytes(encoded(patches(), "JPEG"))
    hostile = regions(region("../../e/vil\\", *MIDDLE_ABOVE), size_wh=(96, 64))
    (photos / "a.jpg.xmp").write_bytes(packet(hostile))
    before = {path for path in tmp_path.rglob("*") if "out" not in path.parts}
    assert facerec("import-regions", photos, tmp_path / "out", "--no-align").code == 0
    assert faces(tmp_path / "out") == ["-..-e-vil-/a.jpg-face-1.png"]
    assert {path for path in tmp_path.rglob("*") if "out" not in path.parts} == before


def test_faces_are_aligned_by_the_eyes_found_in_them(facerec, photos, tmp_path, yunet, famous):
    shutil.copy(famous.folder / "obama.jpg", photos / "a.jpg")
    with Image.open(photos / "a.jpg") as image:
        width, height = image.size
    x1, y1, x2, y2 = famous.regions["obama.jpg"].xyxy
    wider = 1.2  # as programs draw it
    face = (
        (x1 + x2) / 2 / width,
        (y1 + y2) / 2 / height,
        (x2 - x1) / width * wider,
        (y2 - y1) / height * wider,
    )
    here, elsewhere = region("Barack", *face), region("Nobody", 0.06, 0.94, 0.1, 0.1)
    (photos / "a.jpg.xmp").write_bytes(packet(regions(here, elsewhere, size_wh=(width, height))))
    said = facerec("import-regions", photos, tmp_path / "out", "--detector", yunet)
    assert said.code == 0, said.err
    assert faces(tmp_path / "out") == ["Barack/a.jpg-face-1.png"]
    assert Image.open(tmp_path / "out" / "Barack" / "a.jpg-face-1.png").size == (200, 200)
    assert "left out: 1 named face: no face is found there" in said.out
    refused = facerec("import-regions", photos, tmp_path / "no", "--detector", yunet, "--no-align")
    assert refused.code == 2
    assert not (tmp_path / "no").exists()


def test_the_folders_are_what_csv_takes(facerec, photos, tmp_path):
    for name in ("Anna", "Zoë Ä"):
        for number in range(2):
            path = photos / f"{name}{number}.jpg"
            path.write_bytes(encoded(patches(4), "JPEG"))
            sidecar = packet(regions(region(name, *MIDDLE_ABOVE), size_wh=(96, 64)))
            (photos / f"{path.name}.xmp").write_bytes(sidecar)
    assert facerec("import-regions", photos, tmp_path / "out", "--no-align").code == 0
    assert facerec("csv", tmp_path / "out", tmp_path / "faces.csv").code == 0
    text = (tmp_path / "faces.csv").read_text()
    assert text.count("Anna/") == text.count("Zoë Ä/") == 2
