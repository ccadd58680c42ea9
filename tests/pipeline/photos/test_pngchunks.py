from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from pipeline.photos.pngchunks import cicp, international_text, iter_chunks, without_side_data
from tests.hdrpictures import DISPLAY_P3
from tests.pictures import encoded, patches, png_chunk

PNG = encoded(patches(), "PNG", icc_profile=DISPLAY_P3)
END_OF_HEADER = 8 + 25


def with_chunks(*chunks: bytes) -> bytes:
    return PNG[:END_OF_HEADER] + b"".join(chunks) + PNG[END_OF_HEADER:]


def test_chunks_before_and_behind_the_pixels():
    content = with_chunks(png_chunk(b"tEXt", b"one"))
    content = (
        content[:-12] + png_chunk(b"tEXt", b"two") + content[-12:] + png_chunk(b"tEXt", b"behind the end")
    )
    assert list(iter_chunks(content, b"tEXt")) == [b"one", b"two"]


def test_code_points():
    assert cicp(with_chunks(png_chunk(b"cICP", bytes((9, 16, 0, 1))))) == (9, 16)
    assert cicp(with_chunks(png_chunk(b"cICP", b"\x09"))) is None
    assert cicp(PNG[:-12] + png_chunk(b"cICP", bytes((9, 16, 0, 1))) + PNG[-12:]) is None
    assert cicp(PNG) is None


def test_the_picture_stays_without_its_texts_and_its_profile():
    texts = (png_chunk(b"tEXt", b"a\0b"), png_chunk(b"zTXt", b"c\0\0" + zlib.compress(b"d")))
    lighter = [Image.open(io.BytesIO(content)) for content in without_side_data(with_chunks(*texts))]
    assert [image.text for image in lighter] == [{}, {}]
    assert ["icc_profile" in image.info for image in lighter] == [True, False]
    assert all(np.array_equal(np.asarray(image), patches()) for image in lighter)


@pytest.mark.parametrize("compressed", [False, True])
def test_international_text(compressed):
    text = "Zürich".encode()
    flags = b"\x01\0" if compressed else b"\0\0"
    body = b"Title\0" + flags + b"de\0Titel\0" + (zlib.compress(text) if compressed else text)
    assert international_text(with_chunks(png_chunk(b"iTXt", body)), b"Title") == text
    assert international_text(PNG, b"Title") == b""


def test_any_bytes_have_an_answer():
    for length in range(len(PNG)):
        cut = PNG[:length]
        assert cicp(cut) is None
        assert list(iter_chunks(cut, b"eXIf")) == []
        assert all(cut.startswith(lighter[:8]) for lighter in without_side_data(cut))
