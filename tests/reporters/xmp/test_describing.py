"""Keywords, titles and ratings that people gave in other programs, in reports and in the index."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import visualsearch
from pipeline.files.walk import iter_sources
from pipeline.photos.photo import open_photo
from pipeline.source import Limits, Turn
from pipeline.xmp.packet import Packet
from reporters.description import MAX_FACES, MAX_KEYWORDS, NO_DESCRIPTION, Description
from reporters.xmp.describing import describe, describe_packets
from tests.house import FACES, REPORT
from tests.pictures import PATCH, encoded, patches
from tests.running import pipeline_file
from tests.sidecars import ANNA, DOG, listed, merge_into, packet, region, regions

WH = (3 * PATCH, 2 * PATCH)
TITLE = "<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>A day\n out</rdf:li></rdf:Alt></dc:title>"
FULL = packet(
    listed("dc:subject", ["Rome", "holiday"]) + listed("digiKam:TagsList", ["Places/Rome"]) + TITLE,
    'xmp:Rating="4"',
)


def described(*contents: bytes, iptc: tuple[str, ...] = ()) -> Description:
    return describe_packets([Packet(content) for content in contents], iptc)


def test_all_forms_of_keywords_are_one_list():
    assert described(FULL) == Description(("Places|Rome", "holiday"), "A day out", 4)


def test_each_comes_from_the_first_that_has_it():
    sidecar = packet("<xmp:Rating>-1</xmp:Rating>")
    assert described(sidecar, FULL) == Description(("Places|Rome", "holiday"), "A day out", -1)
    assert described(packet(listed("dc:subject", ["new"])), FULL, iptc=("old",)).keywords == ("new",)
    assert described(sidecar, iptc=("old", "old")).keywords == ("old",)


def test_what_this_program_wrote_is_no_keyword():
    assert described(merge_into(None, ANNA, DOG)) == NO_DESCRIPTION
    assert described(merge_into(FULL, ANNA, DOG)) == described(FULL)


@pytest.mark.parametrize("rating", ["", "x", "7", "1e999", "nan", "-2"])
def test_absurd_values_are_none(rating):
    broken = packet(f"<xmp:Rating>{rating}</xmp:Rating><dc:title><foo:a/></dc:title>")
    assert described(broken) == NO_DESCRIPTION
    many = packet(listed("dc:subject", [f"k{number}" for number in range(3 * MAX_KEYWORDS)]))
    assert len(described(many).keywords) == MAX_KEYWORDS


def test_they_are_in_the_report_and_found_by_tag(house, capsys):
    pipeline_file(house.pipeline, FACES, REPORT)
    house.input.mkdir(exist_ok=True)
    (house.input / "a.jpg").write_bytes(encoded(patches(), "JPEG", xmp=FULL))
    (house.input / "b.jpg").write_bytes(encoded(patches(), "JPEG"))
    (house.input / "b.jpg.xmp").write_bytes(packet(listed("lr:hierarchicalSubject", ["Places|Bonn"])))
    (house.input / "c.jpg").write_bytes(encoded(patches(), "JPEG"))
    house.night()
    report = json.loads((house.output / "a.jpg.json").read_text())
    assert (report["keywords"], report["title"], report["rating"]) == (
        ["Places|Rome", "holiday"],
        "A day out",
        4,
    )
    assert not {"keywords", "title", "rating"} & json.loads((house.output / "c.jpg.json").read_text()).keys()
    assert visualsearch.main(["index", str(house.output)]) == 0
    for query, names in (
        ("tag:rome", ["a.jpg"]),
        ("tag:places", ["a.jpg", "b.jpg"]),
        ("tag:holi*", ["a.jpg"]),
        ("bonn", ["b.jpg"]),
        ("-tag:places", ["c.jpg"]),
        ("tag:berlin", []),
        ("label:rome", []),
    ):
        capsys.readouterr()
        visualsearch.main(["query", str(house.output), "--", query])
        shown = capsys.readouterr().out
        assert [name for name in ("a.jpg", "b.jpg", "c.jpg") if name in shown] == names, query


def test_named_faces_are_in_the_report_and_found_by_name(house, capsys):
    pipeline_file(house.pipeline, FACES, REPORT)
    house.input.mkdir(exist_ok=True)
    exif = Image.Exif()
    exif[0x112] = 6
    (house.input / "a.jpg").write_bytes(encoded(patches(), "JPEG"))
    (house.input / "a.jpg.xmp").write_bytes(
        packet(regions(region("Anna", 0.25, 0.5, 0.5, 0.5), region("", 0.8, 0.5, 0.1, 0.1), size_wh=WH))
    )
    turned = Image.fromarray(patches()).transpose(Image.Transpose.ROTATE_90)
    berta = packet(regions(region("Berta", 0.5, 0.25, 1.0, 0.5), size_wh=WH[::-1]))
    (house.input / "b.jpg").write_bytes(encoded(turned, "JPEG", exif=exif, xmp=berta))
    (house.input / "c.jpg").write_bytes(encoded(patches(), "JPEG"))
    (house.input / "c.jpg.xmp").write_bytes(merge_into(None, ANNA))
    house.night()
    reports = {name: json.loads((house.output / f"{name}.jpg.json").read_text()) for name in "abc"}
    width, height = WH
    assert reports["a"]["named_faces"] == [
        {"name": "Anna", "rect": [0, height // 4, width // 2, height * 3 // 4]}
    ]
    assert reports["b"]["named_faces"] == [{"name": "Berta", "rect": [width // 2, 0, width, height]}]
    assert "named_faces" not in reports["c"], "what this program wrote is no answer of a person"
    assert visualsearch.main(["index", str(house.output)]) == 0
    for query, names in (
        ("name:anna", ["a.jpg"]),
        ("berta faces=1", ["b.jpg"]),
        ("name:*", ["a.jpg", "b.jpg"]),
    ):
        capsys.readouterr()
        visualsearch.main(["query", str(house.output), "--", query])
        shown = capsys.readouterr().out
        assert [name for name in ("a.jpg", "b.jpg", "c.jpg") if name in shown] == names, query
    visualsearch.main(["show", str(house.output), "b.jpg"])
    assert f"Berta at {width // 2},0 to {width},{height} (named_faces)" in capsys.readouterr().out


def test_a_report_holds_so_many_named_faces_at_most(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(patches(), "JPEG"))
    many = (region(f"p{n}", (n % 40 + 0.5) / 40, (n // 40 + 0.5) / 40, 0.02, 0.02) for n in range(600))
    path.with_name("a.jpg.xmp").write_bytes(packet(regions(*many, size_wh=WH)))
    (source,) = [one for one in iter_sources(str(tmp_path)) if one.relative == "a.jpg"]
    assert len(describe(source, WH, Turn()).faces) == MAX_FACES


def stated(format_: str) -> bytes:
    """A photo of this format with an XMP packet."""
    if format_ == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", FULL.decode())
        return encoded(patches(), format_, pnginfo=info)
    if format_ == "TIFF":
        return encoded(patches(), format_, tiffinfo={700: FULL})
    return encoded(patches(), format_, xmp=FULL)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "TIFF", "WEBP", "HEIF", "AVIF"])
def test_the_metadata_that_is_read_with_the_header_is_that_of_the_file(format_, tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(stated(format_))
    (source,) = iter_sources(str(tmp_path))
    facts, _ = open_photo(source, Limits())
    alone = describe(source, facts.size_wh, facts.turn)
    assert alone.keywords == ("Places|Rome", "holiday")
    path.unlink()
    assert describe(source, facts.size_wh, facts.turn, facts.metadata) == alone
