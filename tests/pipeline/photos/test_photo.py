from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import ImageFileDirectory_v2

import pipeline.photos.pixels
from pipeline.detections import Box
from pipeline.photos.photo import open_photo
from pipeline.source import Limits
from tests.pictures import (
    GRAYS,
    PATCHES,
    SIZE_WH,
    encoded,
    encoded_by_cv2,
    exif_of,
    gray_patches,
    patch_means,
    patches,
    source_of,
)

RGB = Image.fromarray(patches())
GRAY = Image.fromarray(gray_patches())
OTHER = Image.new("RGB", SIZE_WH, (255, 0, 255))
ALPHA = np.where(np.arange(SIZE_WH[0]) < 32, 0, 255).astype(np.uint8)[None].repeat(SIZE_WH[1], 0)
"""The left third is transparent."""

IN_16_BITS = patches()[:, :, ::-1].astype(np.uint16) * 257
GRAY_IN_16_BITS = gray_patches().astype(np.uint16) * 257


@pytest.fixture
def photo(tmp_path):
    """Opens bytes as a photo: its facts and its frame."""

    def open_(content: bytes, limits: Limits = Limits()):  # noqa: B008 - a frozen value
        path = tmp_path / "photo"
        path.write_bytes(content)
        return open_photo(source_of(path), limits)

    return open_


def assert_shows(rgb, colors, tolerance):
    assert rgb.dtype == np.uint8
    assert np.abs(patch_means(rgb) - np.array(colors)).max() <= tolerance


def plain_pgm(maximum: int) -> bytes:
    levels = (gray_patches().astype(int) * maximum // 255).ravel()
    return b"P2\n# drawn\n96 64\n%d\n" % maximum + b"\n".join(b"%d" % level for level in levels)


def pnm(kind: bytes, samples: np.ndarray) -> bytes:
    return kind + b"\n96 64\n65535\n" + samples.astype(">u2").tobytes()


COLOR_FILES = {
    "jpeg": (encoded(RGB, "JPEG", quality=95), 6),
    "progressive jpeg": (encoded(RGB, "JPEG", quality=95, progressive=True), 6),
    "jpeg with its colours as RGB": (encoded(RGB, "JPEG", quality=95, keep_rgb=True), 6),
    "mpo": (encoded(RGB, "MPO", quality=95, append_images=[OTHER]), 6),
    "png": (encoded(RGB, "PNG"), 0),
    "interlaced 16-bit png": (encoded_by_cv2(IN_16_BITS, ".png"), 0),
    "palette png": (encoded(RGB.quantize(16), "PNG"), 1),
    "opaque rgba png": (encoded(RGB.convert("RGBA"), "PNG"), 0),
    "apng": (encoded(RGB, "PNG", append_images=[OTHER]), 0),
    "webp": (encoded(RGB, "WEBP", quality=95), 8),
    "lossless webp": (encoded(RGB, "WEBP", lossless=True), 0),
    "animated webp": (encoded(RGB, "WEBP", lossless=True, append_images=[OTHER]), 0),
    "gif": (encoded(RGB.quantize(16), "GIF"), 1),
    "animated gif": (encoded(RGB.quantize(16), "GIF", append_images=[OTHER]), 1),
    "bmp": (encoded(RGB, "BMP"), 0),
    "palette bmp": (encoded(RGB.quantize(16), "BMP"), 1),
    "tiff": (encoded(RGB, "TIFF"), 0),
    "lzw tiff": (encoded(RGB, "TIFF", compression="tiff_lzw"), 0),
    "jpeg in tiff": (encoded(RGB, "TIFF", compression="jpeg", quality=95), 6),
    "16-bit tiff": (encoded_by_cv2(IN_16_BITS, ".tiff"), 0),
    "tiff of many pages": (encoded(RGB, "TIFF", append_images=[OTHER, OTHER]), 0),
    "lab tiff": (
        encoded(
            ImageCms.profileToProfile(
                RGB, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
            ),
            "TIFF",
        ),
        8,
    ),
    "ppm": (encoded(RGB, "PPM"), 0),
    "16-bit ppm": (pnm(b"P6", IN_16_BITS[:, :, ::-1]), 0),
    "cmyk jpeg": (encoded(RGB.convert("CMYK"), "JPEG", quality=95), 6),
    "cmyk tiff": (encoded(RGB.convert("CMYK"), "TIFF"), 0),
    "heic": (encoded(RGB, "HEIF", quality=95), 6),
    "avif": (encoded(RGB, "AVIF", quality=95), 8),
}


@pytest.mark.parametrize("name", COLOR_FILES)
def test_colors(name, photo):
    content, tolerance = COLOR_FILES[name]
    facts, frame = photo(content)
    assert facts.size_wh == frame.size_wh == SIZE_WH
    assert_shows(frame.rgb(), PATCHES, tolerance)


GRAY_FILES = {
    "jpeg": (encoded(GRAY, "JPEG", quality=95), 3),
    "png": (encoded(GRAY, "PNG"), 0),
    "png with alpha": (encoded(GRAY.convert("LA"), "PNG"), 0),
    "16-bit png": (encoded_by_cv2(GRAY_IN_16_BITS, ".png"), 0),
    "webp": (encoded(GRAY, "WEBP", lossless=True), 0),
    "gif": (encoded(GRAY, "GIF"), 0),
    "bmp": (encoded(GRAY, "BMP"), 0),
    "tiff": (encoded(GRAY, "TIFF"), 0),
    "16-bit tiff": (encoded(Image.fromarray(GRAY_IN_16_BITS), "TIFF"), 0),
    "32-bit tiff": (encoded(Image.fromarray(GRAY_IN_16_BITS.astype(np.int32)), "TIFF"), 0),
    "pgm": (encoded(GRAY, "PPM"), 0),
    "plain pgm": (plain_pgm(255), 0),
    "plain 16-bit pgm": (plain_pgm(65535), 1),
    "16-bit pgm": (pnm(b"P5", GRAY_IN_16_BITS), 0),
    "heic": (encoded(GRAY, "HEIF", quality=95), 3),
    "avif": (encoded(GRAY, "AVIF", quality=95), 3),
}


@pytest.mark.parametrize("name", GRAY_FILES)
def test_grays(name, photo):
    content, tolerance = GRAY_FILES[name]
    _, frame = photo(content)
    assert frame.rgb().shape == (64, 96, 3)
    assert_shows(frame.rgb(), np.array(GRAYS)[:, :, None].repeat(3, 2), tolerance)


def test_transparency_is_laid_on_white(photo):
    expected = np.array(PATCHES)
    expected[:, 0] = 255
    rgba = Image.fromarray(np.dstack([patches(), ALPHA]))
    for content in (
        encoded(rgba, "PNG"),
        encoded(rgba.quantize(16), "PNG"),
        encoded(rgba, "GIF"),
        encoded(rgba, "WEBP", lossless=True),
        encoded(rgba, "TIFF"),
        encoded_by_cv2(np.dstack([IN_16_BITS, ALPHA.astype(np.uint16) * 257]), ".png"),
    ):
        assert_shows(photo(content)[1].rgb(), expected, 1)
    keyed = encoded(RGB, "PNG", transparency=PATCHES[0][0])
    expected[1, 0] = PATCHES[1][0]
    assert_shows(photo(keyed)[1].rgb(), expected, 0)
    half = encoded(Image.new("RGBA", SIZE_WH, (0, 0, 0, 128)), "PNG")
    assert photo(half)[1].rgb()[5, 5].tolist() == [127] * 3


@pytest.mark.parametrize("content", [encoded(GRAY.convert("1", dither=0), f) for f in ("PNG", "TIFF", "PPM")])
def test_one_bit(content, photo):
    expected = np.array([[255, 255, 255], [0, 0, 0]])[:, :, None].repeat(3, 2)
    assert_shows(photo(content)[1].rgb(), expected, 0)


def test_floating_point_is_stretched(photo):
    values = (gray_patches().astype(np.float32) - 5) / 245 * 3 - 1.5
    values[0, :3] = [np.nan, np.inf, -np.inf]
    rgb = photo(encoded_by_cv2(values, ".tiff"))[1].rgb()
    expected = (np.array(GRAYS) - 5) * 255 / 245
    assert_shows(rgb, expected[:, :, None].repeat(3, 2), 1)
    assert rgb[0, :3, 0].tolist() == [0, 255, 0]


def test_numbers_without_a_range(photo):
    for values in (np.zeros((4, 5)), np.full((4, 5), np.nan), np.full((4, 5), 1e38)):
        assert photo(encoded_by_cv2(values.astype(np.float32), ".tiff"))[1].rgb().max() == 0
    wide = np.array([[-(2**31), 2**31 - 1]], np.int32)
    assert photo(encoded(Image.fromarray(wide), "TIFF"))[1].rgb()[0, :, 0].tolist() == [0, 255]


ALL_ORIENTATIONS = range(1, 9)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", ALL_ORIENTATIONS)
def test_every_orientation_comes_out_upright(format_, orientation, photo):
    options = {} if format_ in ("PNG", "TIFF") else {"quality": 95}
    content = encoded(RGB, format_, exif=exif_of(orientation), **options)
    if format_ in ("HEIF", "AVIF"):  # these turn by a property of the container
        assert (b"irot" in content or b"imir" in content) == (orientation != 1)
    facts, frame = photo(content)
    expected = np.asarray(
        ImageOps.exif_transpose(Image.open(io.BytesIO(encoded(RGB, "PNG", exif=exif_of(orientation)))))
    )
    height, width = expected.shape[:2]
    assert facts.size_wh == frame.size_wh == (width, height)
    rows, columns = (3, 2) if orientation >= 5 else (2, 3)
    means = patch_means(frame.rgb(), rows, columns)
    assert np.abs(means - patch_means(expected, rows, columns)).max() <= 8


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


@pytest.mark.parametrize("format_", ["JPEG", "TIFF", "WEBP"])
def test_orientation_that_xmp_alone_gives(format_, photo):
    if format_ == "TIFF":
        tags = ImageFileDirectory_v2()
        tags[700] = XMP
        content = encoded(RGB, "TIFF", tiffinfo=tags)
    else:
        content = encoded(RGB, format_, xmp=XMP, quality=95)
    facts, frame = photo(content)
    assert facts.size_wh == (64, 96)
    assert frame.rgb().shape == (96, 64, 3)
    turned = np.rot90(np.array(PATCHES), -1)
    assert np.abs(patch_means(frame.rgb(), 3, 2) - turned).max() <= 8


@pytest.mark.parametrize("orientation", ALL_ORIENTATIONS)
def test_reduced_jpeg_is_upright_and_never_too_small(orientation, photo):
    large = encoded(patches(4)[:251, :379], "JPEG", quality=95, exif=exif_of(orientation))
    full_wh = photo(large)[1].size_wh
    for asked in ((1, 1), (40, 31), (48, 32), (95, 63), (96, 64), (190, 126), (200, 10), full_wh):
        rgb = photo(large)[1].rgb_covering(asked)
        assert rgb.shape[1] >= min(asked[0], full_wh[0])
        assert rgb.shape[0] >= min(asked[1], full_wh[1])
        whole = photo(large)[1].rgb()
        shrunk = np.asarray(Image.fromarray(whole).resize(rgb.shape[1::-1], Image.Resampling.BOX))
        assert np.abs(rgb.astype(int) - shrunk).mean() < 6


@pytest.fixture
def decodes(monkeypatch):
    """Notes every decode: the shape that cv2 gave, or the size that Pillow made room for."""
    noted = []

    def imdecode(data, flags):
        decoded = real_imdecode(data, flags)
        noted.append(decoded.shape)
        return decoded

    def load_prepare(image):
        noted.append(image.size)
        real_load_prepare(image)

    def to_rgb(image):
        noted.append("to_rgb")
        return real_to_rgb(image)

    real_imdecode, real_load_prepare, real_to_rgb = (
        cv2.imdecode,
        ImageFile.load_prepare,
        pipeline.photos.pixels.to_rgb,
    )
    monkeypatch.setattr(pipeline.photos.pixels.cv2, "imdecode", imdecode)
    monkeypatch.setattr(ImageFile, "load_prepare", load_prepare)
    monkeypatch.setattr(pipeline.photos.pixels, "to_rgb", to_rgb)
    return noted


def test_a_jpeg_is_decoded_once_at_each_scale_and_only_when_needed(photo, decodes):
    _, frame = photo(encoded(patches(4), "JPEG"))
    assert decodes == []
    frame.rgb_covering((90, 60))
    frame.rgb_covering((96, 64))
    assert decodes == [(64, 96, 3)]
    frame.rgb_covering((300, 200))
    frame.rgb()
    frame.gray(Box(0, 0, 10, 10))
    assert decodes == [(64, 96, 3), (256, 384, 3)]


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "HEIF", "AVIF"])
def test_other_formats_are_decoded_once_whatever_is_asked(format_, photo, decodes):
    _, frame = photo(encoded(RGB, format_))
    assert decodes == []
    assert frame.rgb_covering((10, 10)).shape == (64, 96, 3)
    frame.rgb_covering((20, 20))
    frame.rgb()
    assert decodes == [(96, 64), "to_rgb"]


@pytest.mark.parametrize(
    ("content", "images"),
    [
        (COLOR_FILES["animated gif"][0], 2),
        (COLOR_FILES["animated webp"][0], 2),
        (COLOR_FILES["apng"][0], 2),
        (COLOR_FILES["tiff of many pages"][0], 3),
        (COLOR_FILES["mpo"][0], 1),
        (COLOR_FILES["png"][0], 1),
        (encoded(RGB, "HEIF", append_images=[OTHER]), 2),
        (encoded(RGB, "AVIF", append_images=[OTHER]), 2),
    ],
)
def test_the_first_picture_is_mined_and_all_are_counted(content, images, photo):
    facts, frame = photo(content)
    assert facts.images == images
    assert_shows(frame.rgb(), PATCHES, 8)


def test_damage_behind_the_first_picture_does_not_matter(photo):
    gif = encoded(RGB.quantize(16), "GIF", append_images=[OTHER, RGB.rotate(180)])
    tiff = bytearray(COLOR_FILES["tiff of many pages"][0])
    (first,) = struct.unpack("<I", tiff[4:8])
    (count,) = struct.unpack("<H", tiff[first : first + 2])
    tiff[first + 2 + 12 * count :][:4] = struct.pack("<I", first)  # the next page is the first again
    for content in (gif[: len(gif) * 3 // 4] + b"\x2c" + bytes(40), bytes(tiff)):
        assert_shows(photo(content)[1].rgb(), PATCHES, 1)


def test_facts_of_the_file(photo):
    content = encoded(RGB, "JPEG", exif=exif_of(6, **{"271": "NIKON"}))
    facts, _ = photo(content)
    assert (facts.format, facts.capture.camera, facts.size_wh) == ("jpeg", "NIKON", (64, 96))
    assert facts.sha256 is not None
    assert len(facts.sha256) == 64
