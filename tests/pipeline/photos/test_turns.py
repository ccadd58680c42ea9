"""The turn of a photo from its stored picture to the upright one."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from pipeline.photos.photo import open_photo
from pipeline.source import Limits, Turn
from tests.pictures import encoded, exif_of, patches, source_of


def turn_of(tmp_path, content: bytes) -> Turn | None:
    (tmp_path / "photo").write_bytes(content)
    return open_photo(source_of(tmp_path / "photo"), Limits())[0].turn


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_says_it(format_, orientation, tmp_path):
    content = encoded(patches(), format_, exif=exif_of(orientation))
    assert turn_of(tmp_path, content) == Turn(orientation, orientation)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_container_of_heif_says_it_and_exif_too(orientation, tmp_path):
    content = encoded(patches(), "HEIF", exif=exif_of(orientation))
    assert turn_of(tmp_path, content) == Turn(orientation, orientation, by_container=True)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_exif_of_heif_that_says_something_else(orientation, tmp_path):
    """As converters write it: the container turns, EXIF says that nothing is to be turned."""
    content = encoded(patches(), "HEIF", exif=exif_of(orientation))
    tag = struct.pack("<HHIHH", 274, 3, 1, orientation, 0)
    big = struct.pack(">HHIHH", 274, 3, 1, orientation, 0)
    assert tag in content or big in content
    changed = content.replace(tag, struct.pack("<HHIHH", 274, 3, 1, 1, 0))
    changed = changed.replace(big, struct.pack(">HHIHH", 274, 3, 1, 1, 0))
    assert turn_of(tmp_path, changed) == Turn(orientation, 1, by_container=True)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_of_avif_cannot_be_told_from_the_containers(orientation, tmp_path):
    content = encoded(patches(), "AVIF", exif=exif_of(orientation))
    exif = 1 if orientation == 1 else None
    assert turn_of(tmp_path, content) == Turn(orientation, exif, by_container=True)


def test_a_tiff_that_a_second_reader_turns(tmp_path):
    good, content = cv2.imencode(".tiff", np.zeros((4, 6, 3), np.uint16))
    assert good
    assert turn_of(tmp_path, content.tobytes()) == Turn()


def test_an_orientation_that_xmp_alone_gives_does_not_turn_avif(tmp_path):
    """Its container decides, as it does for browsers; Pillow would turn the picture."""
    xmp = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
    <rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/>
    </rdf:RDF></x:xmpmeta>"""
    path = tmp_path / "a.avif"
    path.write_bytes(encoded(patches(), "AVIF", xmp=xmp))
    found, frame = open_photo(source_of(path), Limits())
    assert (found.size_wh, found.turn.orientation) == ((96, 64), 1)
    assert frame.rgb().shape == (64, 96, 3)
