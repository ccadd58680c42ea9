from __future__ import annotations

from pipeline.photos.jpegparts import jpeg_parts
from tests.pictures import encoded, texture

CONTENT = encoded(texture(), "JPEG", restart_marker_rows=1)


def test_the_parts_are_the_file():
    parts = list(jpeg_parts(CONTENT))
    assert b"\xff\xd8" + b"".join(CONTENT[part.content] for part in parts) == CONTENT
    kinds = [part.kind for part in parts]
    assert (kinds[0], kinds[-2:]) == (0xE0, [0xDA, 0xD9])


def test_bytes_of_no_part_are_passed_over():
    first = next(jpeg_parts(CONTENT)).content
    strange = CONTENT[: first.stop] + b"nobody's" + CONTENT[first.stop :] + b"behind the end"
    assert [strange[part.content] for part in jpeg_parts(strange)] == [
        CONTENT[part.content] for part in jpeg_parts(CONTENT)
    ]


def test_a_cut_file_has_its_whole_parts_and_what_there_is_of_its_scan():
    whole = list(jpeg_parts(CONTENT))
    scan = whole[-2].content
    assert list(jpeg_parts(CONTENT[: scan.start - 1])) == whole[:-3]
    assert list(jpeg_parts(CONTENT[: scan.stop - 9]))[-1].content == slice(scan.start, scan.stop - 9)
