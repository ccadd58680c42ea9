"""A note inside a PNG file."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from recognizers.faces.pictures import encode_as
from recognizers.faces.pngnote import MAX_NOTE_BYTES, read_note, with_note

PNG = encode_as("a.png", np.arange(48, dtype=np.uint8).reshape(4, 4, 3))


def test_a_note_comes_back_and_the_picture_stays() -> None:
    noted = with_note(PNG, b'{"aligned": true}')
    assert read_note(noted) == b'{"aligned": true}'
    image = Image.open(io.BytesIO(noted))
    image.load()  # checks the CRC of each chunk
    assert (np.asarray(image) == np.asarray(Image.open(io.BytesIO(PNG)))).all()
    assert image.info["DeepVisualMiner face"] == '{"aligned": true}'


def test_a_new_note_replaces_the_old_one() -> None:
    assert with_note(with_note(PNG, b"a longer note"), b"new") == with_note(PNG, b"new")


def test_a_beginning_is_enough() -> None:
    noted = with_note(PNG, b"x" * MAX_NOTE_BYTES)
    assert read_note(noted[: MAX_NOTE_BYTES + 100]) == b"x" * MAX_NOTE_BYTES


@pytest.mark.parametrize(
    "content",
    [
        *(b"", PNG, PNG[:20], b"\xff\xd8\xff" + PNG[3:], with_note(PNG, b"some note")[:60]),
        with_note(PNG, b"x" * (MAX_NOTE_BYTES + 1)),
        with_note(PNG, b"note").replace(b"\0\0\0\x19tEXt", b"\xff\xff\xff\xfftEXt"),
        with_note(PNG, b"note").replace(b"\0\0\0\x19tEXt", b"\0\0\0\0tEXt"),
    ],
)
def test_no_note(content: bytes) -> None:
    assert read_note(content) is None
