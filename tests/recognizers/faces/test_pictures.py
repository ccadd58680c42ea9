from __future__ import annotations

import io
import os

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import UsageError
from pipeline.source import SourceKind
from recognizers.faces.pictures import can_write, encode_as, read_gray, source_of


def test_pixels_come_back_from_lossless_formats(face):
    gray = np.asarray(face(0, 0))
    rgb = np.stack([gray, gray // 2, 255 - gray], axis=2)
    for name in ("a.png", "a.PNG", "a.bmp", "a.tiff", "a.webp"):
        assert (np.asarray(Image.open(io.BytesIO(encode_as(name, rgb)))) == rgb).all(), name
        assert (np.asarray(Image.open(io.BytesIO(encode_as(name, gray))).convert("L")) == gray).all(), name
    assert (np.asarray(Image.open(io.BytesIO(encode_as("a.pgm", gray)))) == gray).all()
    assert (np.asarray(Image.open(io.BytesIO(encode_as("a.ppm", rgb)))) == rgb).all()
    jpeg = np.asarray(Image.open(io.BytesIO(encode_as("a.jpg", gray)))).astype(int)
    assert np.abs(jpeg - gray).mean() < 3


def test_endings_that_are_not_written_here():
    assert not can_write("a.gif", gray=True)
    assert not can_write("a.ppm", gray=True)
    assert not can_write("a.pgm", gray=False)
    assert not can_write("png", gray=True)
    with pytest.raises(UsageError, match=r"a\.heic: pictures cannot be written with this ending"):
        encode_as("a.heic", np.zeros((4, 4), np.uint8))
    with pytest.raises(UsageError, match="70000x1 pixels do not fit"):
        encode_as("a.jpg", np.zeros((1, 70000), np.uint8))


def test_gray_of_a_gray_picture_is_exact_whatever_its_name(tmp_path, face):
    gray = np.asarray(face(1, 1))
    path = os.path.join(os.fsencode(tmp_path), b"\xff odd.txt")
    with open(path, "wb") as stream:
        stream.write(encode_as("x.pgm", gray))
    assert (read_gray(os.fsdecode(path)) == gray).all()


def test_what_is_no_picture_is_one_sentence(tmp_path, face):
    (tmp_path / "t.png").write_text("text")
    content = encode_as("x.png", np.asarray(face(0, 0)))
    (tmp_path / "cut.png").write_bytes(content[:2000])
    (tmp_path / "v.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(64))
    for name, says in (
        ("none.png", "there is no such file"),
        (".", "is a folder; give one picture"),
        ("t.png", "neither a photo nor a video"),
        ("cut.png", "ends too early"),
        ("v.mp4", "is a video; give a picture"),
    ):
        with pytest.raises(UsageError, match=says):
            read_gray(str(tmp_path / name))
    (tmp_path / "whole.png").write_bytes(content)
    with pytest.raises(UsageError, match="is a picture; give a video"):
        source_of(str(tmp_path / "whole.png"), SourceKind.VIDEO)
