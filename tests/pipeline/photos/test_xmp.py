"""Dates, places and cameras in XMP packets."""

from __future__ import annotations

import pytest

from pipeline.photos.xmp import XmpFacts, read_facts

NAMESPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:exif="http://ns.adobe.com/exif/1.0/"'
    ' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    ' xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"'
)


def read_dates(content: bytes) -> list[str]:
    return list(read_facts(content).dates)


def packet(attributes: str = "", inside: str = "", before: str = "") -> str:
    """An XMP packet with one description of the photo."""
    return (
        f'{before}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {NAMESPACES}>'
        f'<rdf:Description rdf:about="" {attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
    )


ALL = (
    'xmp:CreateDate="4" exif:DateTimeDigitized="3" photoshop:DateCreated="2" exif:DateTimeOriginal="1"'
    ' xmp:ModifyDate="5" xmp:MetadataDate="6"'
)


def test_when_it_was_taken_comes_before_when_it_was_digitized() -> None:
    assert read_dates(packet(ALL).encode()) == ["1", "2", "3", "4"]


def test_elements_say_the_same_as_attributes() -> None:
    inside = "<photoshop:DateCreated>2024-05-06</photoshop:DateCreated><xmp:CreateDate>x</xmp:CreateDate>"
    assert read_dates(packet(inside=inside).encode()) == ["2024-05-06", "x"]


def test_descriptions_may_be_several() -> None:
    text = packet('xmp:CreateDate="4"').replace(
        "</rdf:RDF>", '<rdf:Description photoshop:DateCreated="2"/></rdf:RDF>'
    )
    assert read_dates(text.encode()) == ["2", "4"]


def test_pictures_placed_in_it_have_dates_of_their_own() -> None:
    element = "<exif:DateTimeOriginal>old</exif:DateTimeOriginal>"
    inner = f'<rdf:Description xmp:CreateDate="old">{element}</rdf:Description>'
    inside = f"<xmpMM:Pantry><rdf:Bag><rdf:li>{inner}</rdf:li></rdf:Bag></xmpMM:Pantry>"
    assert read_dates(packet(inside=inside).encode()) == []
    assert read_dates(packet('xmp:CreateDate="own"', inside).encode()) == ["own"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str) -> None:
    assert read_dates(packet(ALL).encode(encoding)) == ["1", "2", "3", "4"]


def test_padding_and_processing_instructions_around_it() -> None:
    text = packet(ALL, before='<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    assert read_dates((text + '<?xpacket end="w"?>').encode() + bytes(2000)) == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\0" * 100,
        b"no XML",
        b"<a",
        b"<a></b>",
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        b"\xff\xfe<",
    ],
)
def test_what_is_no_xml_has_no_dates(broken: bytes) -> None:
    assert read_dates(broken) == []


def test_what_comes_before_damage_is_kept() -> None:
    assert read_dates(packet('xmp:CreateDate="4"', "<xmp:CreatorTool>").encode()) == ["4"]


def test_entities_are_not_expanded() -> None:
    doctype = '<!DOCTYPE x [<!ENTITY a "2024-05-06"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    for entity in ("&a;", "&f;"):
        inside = f"<xmp:CreateDate>{entity}</xmp:CreateDate>"
        assert read_dates(packet(inside=inside, before=doctype).encode()) == []


def test_only_the_first_mebibyte_is_read_and_texts_are_short() -> None:
    far = packet(inside=f"<xmpMM:History>{'x' * (1 << 20)}</xmpMM:History><xmp:CreateDate>4</xmp:CreateDate>")
    assert read_dates(far.encode()) == []
    assert read_dates(packet(f'xmp:CreateDate="{"9" * 5000}"').encode()) == ["9" * 100]


def test_deep_nesting_is_read_in_a_time_that_grows_with_its_length() -> None:
    assert read_dates(packet(inside="<xmp:a>" * 200_000).encode()) == []


def test_place_and_camera():
    found = packet(
        'exif:GPSLatitude="46,56.88N" exif:GPSAltitude="542/1" tiff:Model="EOS" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"',
        "<exif:GPSLongitude>7,26,50.64E</exif:GPSLongitude><exif:GPSAltitudeRef>1</exif:GPSAltitudeRef>",
    )
    assert read_facts(found.encode()) == XmpFacts((), "46,56.88N", "7,26,50.64E", "542/1", "1", "", "EOS")
