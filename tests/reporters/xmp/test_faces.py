"""Face regions of a sidecar: where they are, which are written, which foreign ones win."""

from __future__ import annotations

import pytest

from pipeline.detections import Box
from pipeline.source import Turn
from pipeline.xmp.embedded import Embedded
from pipeline.xmp.packet import Packet, PacketError, remove_indented
from pipeline.xmp.regions import Area, applied_to, read_mwg_regions, read_regions, to_stored, to_upright
from reporters.xmp.photo import Photo
from reporters.xmp.proposal import Found
from tests.sidecars import ANNA, DOG, UPRIGHT, keywords, merge_into, packet, region, regions

ANNAS_AREA = (0.234375, 0.333333, 0.15625, 0.25)
BERTA = Found("Berta", True, Box(400, 100, 500, 220))


def named(content: bytes) -> list[tuple[str, str]]:
    return [(one.type, one.name) for one in read_mwg_regions(Packet(content))]


def test_a_region_has_its_centre_its_size_and_the_stored_pictures_size():
    content = merge_into(None, ANNA, DOG)
    (face,) = read_mwg_regions(Packet(content))
    assert (face.name, face.type) == ("Anna", "Face")
    assert face.area == pytest.approx(ANNAS_AREA, abs=1e-6)
    assert applied_to(Packet(content)) == (640, 480)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_back_and_forth(orientation):
    area = Area(0.2, 0.3, 0.1, 0.4)
    assert to_upright(to_stored(area, orientation), orientation) == pytest.approx(area)


def test_a_stored_size_is_turned_with_the_picture():
    content = merge_into(None, ANNA, photo=UPRIGHT._replace(turn=Turn(6, 6)))
    assert applied_to(Packet(content)) == (480, 640)


@pytest.mark.parametrize("turn", [None, Turn(6, 1, by_container=True), Turn(1, None, by_container=True)])
def test_keywords_alone_where_readers_disagree_about_the_turn(turn):
    content = merge_into(None, ANNA, photo=UPRIGHT._replace(turn=turn))
    assert keywords(content)[0] == ["Anna"]
    assert named(content) == []


def test_keywords_alone_where_the_sidecar_says_another_orientation():
    assert named(merge_into(packet("", 'tiff:Orientation="6"'), ANNA)) == []
    assert named(merge_into(packet("", 'tiff:Orientation="1"'), ANNA)) == [("Face", "Anna")]


def test_other_names_replace_the_earlier_ones_and_a_last_one_leaves_no_structure():
    before = merge_into(None, ANNA, BERTA)
    assert named(before) == [("Face", "Anna"), ("Face", "Berta")]
    assert named(merge_into(before, BERTA)) == [("Face", "Berta")]
    assert b"Regions" not in merge_into(before, DOG)


def test_foreign_regions_stay_and_a_named_one_over_the_same_face_wins():
    sidecar = packet(
        regions(
            region("Hanna", 0.23, 0.33, 0.16, 0.25), region("", 0.7, 0.33, 0.16, 0.25), region("", 1, 1, 0, 0)
        )
    )
    content = merge_into(sidecar, ANNA, BERTA, DOG)
    assert ("Face", "Anna") not in named(content)
    assert named(content) == [("Face", "Hanna"), ("Face", ""), ("Face", "Berta")]
    assert keywords(content)[0] == ["Berta", "dog"]
    assert named(merge_into(content, DOG)) == [("Face", "Hanna"), ("Face", "")]


def test_microsofts_regions_win_too():
    sidecar = packet(
        '<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag><rdf:li rdf:parseType="Resource">'
        "<MPReg:Rectangle>0.156, 0.208, 0.157, 0.25</MPReg:Rectangle>"
        "<MPReg:PersonDisplayName>Hanna</MPReg:PersonDisplayName></rdf:li></rdf:Bag></MPRI:Regions></MP:RegionInfo>"
    )
    assert named(merge_into(sidecar, ANNA)) == []
    assert [one.name for one in read_regions(Packet(sidecar))] == ["Hanna"]


def test_a_region_removed_by_hand_does_not_come_back_while_the_same_face_is_found():
    edited = Packet(merge_into(None, ANNA, BERTA))
    remove_indented(read_mwg_regions(edited)[0].element)
    once = merge_into(edited.serialized(), ANNA, BERTA)
    assert named(once) == [("Face", "Berta")]
    moved = Found("Anna", True, Box(102, 101, 203, 222))
    assert named(merge_into(once, moved, BERTA)) == [("Face", "Berta")]
    assert ("Face", "Anna") in named(merge_into(merge_into(once, BERTA), ANNA, BERTA))


def test_a_region_that_was_given_another_name_keeps_it():
    edited = merge_into(None, ANNA).replace(b'Name="Anna"', b'Name="Hanna"')
    content = merge_into(edited, ANNA)
    assert named(content) == [("Face", "Hanna")]
    assert keywords(content)[0] == []


def test_the_photos_own_regions_are_carried_over():
    own = Packet(packet(regions(region("Carl", 0.8, 0.8, 0.1, 0.1), region("Hanna", *ANNAS_AREA))))
    photo = UPRIGHT._replace(read_embedded=lambda: Embedded(own))
    assert named(merge_into(None, ANNA, BERTA, photo=photo)) == [
        ("Face", "Carl"),
        ("Face", "Hanna"),
        ("Face", "Berta"),
    ]
    assert named(merge_into(None, DOG, photo=photo)) == []


def test_regions_of_a_picture_of_another_shape_get_none_beside_them():
    cropped = packet(regions(region("Carl", 0.8, 0.8, 0.1, 0.1), size_wh=(480, 480)))
    assert named(merge_into(cropped, ANNA)) == [("Face", "Carl")]
    scaled = packet(regions(region("Carl", 0.8, 0.8, 0.1, 0.1), size_wh=(6400, 4801)))
    assert named(merge_into(scaled, ANNA)) == [("Face", "Carl"), ("Face", "Anna")]


def test_regions_in_pixels_and_in_exiftools_form_are_read():
    pixels = packet(
        regions(
            '<rdf:li rdf:parseType="Resource"><mwg-rs:Area rdf:parseType="Resource"><stArea:x>150</stArea:x>'
            "<stArea:y>160</stArea:y><stArea:w>100</stArea:w><stArea:h>120</stArea:h>"
            "<stArea:unit>pixel</stArea:unit></mwg-rs:Area><mwg-rs:Name>Anna</mwg-rs:Name>"
            "<mwg-rs:Type>Face</mwg-rs:Type></rdf:li>"
        )
    )
    (face,) = read_mwg_regions(Packet(pixels))
    assert face.area == pytest.approx(ANNAS_AREA, abs=1e-5)
    assert named(merge_into(pixels, ANNA)) == [("Face", "Anna")]


@pytest.mark.parametrize("inside", ["<!-- nothing -->", "<rdf:li/>", "text"])
def test_a_list_of_regions_that_is_none_is_refused(inside):
    list_ = f"<mwg-rs:RegionList>{inside}</mwg-rs:RegionList>"
    broken = packet(f'<mwg-rs:Regions rdf:parseType="Resource">{list_}</mwg-rs:Regions>')
    with pytest.raises(PacketError, match="RegionList"):
        merge_into(broken, ANNA)


@pytest.mark.parametrize(
    "numbers", [("nan",) * 4, ("x",) * 4, ("0.5", "0.5", "-1", "1"), ("9", "9", "1", "1")]
)
def test_absurd_regions_are_left_out_and_stay(numbers):
    sidecar = packet(regions(region("Carl", *numbers)))
    assert read_mwg_regions(Packet(sidecar)) == []
    assert b'Name="Carl"' in merge_into(sidecar, ANNA)


def test_dates_ratings_orientation_and_places_are_never_written():
    content = merge_into(None, ANNA, DOG, photo=Photo((640, 480), Turn(), Embedded))
    for word in (b"tiff:", b"exif:", b"Rating", b"Date"):
        assert word not in content
    assert named(content) == [("Face", "Anna")]
