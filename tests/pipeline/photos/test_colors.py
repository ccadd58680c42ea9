"""Photos of other colour spaces than sRGB: HDR, wide gamut, gray profiles."""

from __future__ import annotations

import io
import random
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

import pipeline.photos.pixels
from pipeline.colorspaces import Conversion
from pipeline.photos.iccprofile import conversion_of_profile
from pipeline.photos.photo import open_photo
from pipeline.source import Limits
from tests.hdrpictures import (
    ADOBE_RGB,
    CHART,
    DISPLAY_P3,
    GRAY_GAMMA_18,
    HLG,
    PQ,
    PROPHOTO,
    SRGB,
    as_hdr,
    chart,
    from_srgb,
    hdr_avif,
    hdr_heic,
    hdr_png,
    profile,
)
from tests.pictures import encoded, exif_of, patch_means, png_chunk, source_of


@pytest.fixture
def photo(tmp_path):
    """Opens bytes as a photo and gives its frame."""

    def open_(content: bytes):
        path = tmp_path / "photo"
        path.write_bytes(content)
        return open_photo(source_of(path), Limits())[1]

    return open_


def assert_shows_chart(rgb, tolerance):
    assert np.abs(patch_means(rgb, 3, 4) - CHART).max() <= tolerance


HIGHLIGHTS = 5
"""White is taken down a little, to leave room for what is brighter."""


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("format_", ["png", "heic", "avif"])
def test_hdr_looks_as_its_sdr_original(format_, transfer, photo, tmp_path):
    codes = as_hdr(chart(), transfer)
    if format_ == "avif":
        content = hdr_avif(codes, transfer, tmp_path)
    else:
        content = {"png": hdr_png, "heic": hdr_heic}[format_](codes, transfer)
    assert_shows_chart(photo(content).rgb(), HIGHLIGHTS)
    dark = patch_means(photo(content).rgb(), 3, 4)[CHART.max(axis=2) < 226]
    assert np.abs(dark - CHART[CHART.max(axis=2) < 226]).max() <= 4


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_the_middle_tones_of_exact_hdr_are_exact(transfer, photo):
    """The 10 bits that a camera stores; pillow-heif writes 16 bits without their last six."""
    ten_bits = (as_hdr(chart(), transfer) * (1023 / 65535)).round().astype(np.uint16)
    errors = np.abs(patch_means(photo(hdr_heic(ten_bits << 6, transfer)).rgb(), 3, 4) - CHART)
    assert errors[0, 1:].max() <= 1, "grays"


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_highlights_brighter_than_white_stay_distinct(transfer, photo):
    grays = np.full((40, 80, 3), 255, np.uint8)
    bright = np.hstack([as_hdr(grays, transfer, nits) for nits in (203, 230, 250)])
    levels = [photo(hdr_png(bright, transfer)).rgb()[20, x, 0] for x in (40, 120, 200)]
    assert levels == sorted(set(levels))
    assert levels[0] >= 250


def test_an_hdr_picture_of_8_bits(photo):
    codes = (as_hdr(chart(), PQ) / 257).round().astype(np.uint8)
    content = encoded(codes, "PNG")
    tag = png_chunk(b"cICP", bytes((9, PQ, 0, 1)))
    assert_shows_chart(photo(content[:33] + tag + content[33:]).rgb(), HIGHLIGHTS)


@pytest.mark.parametrize("orientation", [3, 6])
def test_hdr_photos_come_upright(orientation, photo):
    codes = as_hdr(chart(), PQ)
    content = hdr_png(codes, PQ)
    exif = exif_of(orientation).tobytes()[6:]
    turned = content[:33] + png_chunk(b"eXIf", exif) + content[33:]
    assert_shows_chart(np.rot90(photo(turned).rgb(), {3: 2, 6: 1}[orientation]), HIGHLIGHTS)


PROFILES = {"display p3": DISPLAY_P3, "adobe rgb": ADOBE_RGB, "prophoto": PROPHOTO}


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_profiles_are_followed(name, format_, photo):
    options = {} if format_ in ("PNG", "TIFF") else {"quality": 97}
    pixels = from_srgb(chart(), PROFILES[name])
    content = encoded(pixels, format_, icc_profile=PROFILES[name], **options)
    if options:  # what the encoder loses of 8 bits counts for more in a wider space
        assert_shows_chart(photo(content).rgb(), 17 if name == "prophoto" else 12)
    else:
        assert_shows_chart(photo(content).rgb(), 3)
    plain = encoded(pixels, format_, **options)
    assert np.abs(patch_means(photo(plain).rgb(), 3, 4) - CHART).max() > 12


def test_a_profile_is_followed_at_every_scale(photo):
    content = encoded(from_srgb(chart(), DISPLAY_P3), "JPEG", quality=97, icc_profile=DISPLAY_P3)
    frame = photo(content)
    assert_shows_chart(frame.rgb_covering((40, 30)), 6)
    assert frame.rgb_covering((40, 30)).shape == (30, 40, 3)


def test_an_srgb_profile_changes_nothing(photo):
    for srgb in (SRGB, ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()):
        with_profile = photo(encoded(chart(), "JPEG", icc_profile=srgb)).rgb()
        assert np.array_equal(with_profile, photo(encoded(chart(), "JPEG")).rgb())


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "TIFF"])
def test_gray_profiles_are_followed(format_, photo):
    light = np.linspace(0, 1, 64) ** 2
    linear_srgb = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    pixels = (light ** (1 / 1.8) * 255).round().astype(np.uint8)[None].repeat(48, 0)
    options = {"quality": 97} if format_ == "JPEG" else {}
    rgb = photo(encoded(pixels, format_, icc_profile=GRAY_GAMMA_18, **options)).rgb()
    assert np.abs(rgb[24, 8:, 1] - linear_srgb[8:] * 255).max() <= 4
    assert np.array_equal(rgb[..., 0], rgb[..., 2])


@pytest.mark.parametrize(
    ("color_space", "index", "is_adobe_rgb"),
    [(0xFFFF, "R03", True), (2, None, True), (0xFFFF, "R98", False), (1, "R98", False), (1, "R03", False)],
)
def test_adobe_rgb_by_exif_alone(color_space, index, is_adobe_rgb, photo):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA001] = color_space
    if index is not None:
        exif.get_ifd(0x8769)[0xA005] = {1: index, 2: b"0100"}
    stored = from_srgb(chart(), ADOBE_RGB) if is_adobe_rgb else chart()
    assert_shows_chart(photo(encoded(stored, "JPEG", quality=97, exif=exif.tobytes())).rgb(), 6)


@pytest.mark.parametrize(
    "broken",
    [
        b"no profile at all",
        DISPLAY_P3[:200],
        DISPLAY_P3[:100] + bytes(432),
        DISPLAY_P3.replace(b"para", b"abcd"),
        profile(b"RGB ", {}),
        profile(b"CMYK", {}),
        DISPLAY_P3.replace(b"rXYZ", b"A2B0"),
        DISPLAY_P3 + bytes(5 << 20),
        DISPLAY_P3[:128] + struct.pack(">I", 2**32 - 1) + DISPLAY_P3[132:],
    ],
)
def test_a_broken_profile_is_ignored_or_harmless(broken, photo):
    content = encoded(chart(), "JPEG", quality=97, icc_profile=broken)
    rgb = photo(content).rgb()
    assert rgb.shape == chart().shape
    if b"A2B0" not in broken and not broken.startswith(DISPLAY_P3[:128] + b"\xff"):
        assert np.array_equal(rgb, photo(encoded(chart(), "JPEG", quality=97)).rgb())


def test_a_profile_of_another_kind_of_picture_is_ignored(photo):
    rgb = photo(encoded(chart(), "JPEG", quality=97, icc_profile=profile(b"Lab ", {}))).rgb()
    assert np.array_equal(rgb, photo(encoded(chart(), "JPEG", quality=97)).rgb())


def test_hdr_by_a_profile_that_names_its_code_points(photo):
    tag = b"cicp\0\0\0\0" + bytes((9, PQ, 0, 1))
    content = encoded(
        (as_hdr(chart(), PQ) >> 8).astype(np.uint8), "PNG", icc_profile=profile(b"RGB ", {b"cicp": tag})
    )
    assert_shows_chart(photo(content).rgb(), 15)


ADOBE_XY = (0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
SRGB_XY = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)


def png_with(pixels: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    content = encoded(pixels, "PNG")
    end_of_header = 8 + 25
    return content[:end_of_header] + b"".join(png_chunk(*one) for one in chunks) + content[end_of_header:]


def gama(gamma: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(gamma * 100_000))


def chrm(xy: tuple[float, ...]) -> tuple[bytes, bytes]:
    return b"cHRM", struct.pack(">8I", *(round(number * 100_000) for number in xy))


@pytest.mark.parametrize("gamma", [1.0, 1 / 1.8, 1 / 2.6])
def test_the_gamma_of_a_png_is_followed(gamma, photo):
    codes = chart() / 255
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    stored = (light**gamma * 255).round().astype(np.uint8)
    assert_shows_chart(photo(png_with(stored, gama(gamma))).rgb(), 4)
    assert_shows_chart(photo(png_with(stored, gama(gamma), chrm(SRGB_XY))).rgb(), 4)


def test_the_primaries_of_a_png_are_followed(photo):
    stored = from_srgb(chart(), ADOBE_RGB)
    assert_shows_chart(photo(png_with(stored, gama(1 / 2.19921875), chrm(ADOBE_XY))).rgb(), 6)


@pytest.mark.parametrize(
    "chunks",
    [
        (gama(1 / 2.2),),
        (gama(1 / 2.2), chrm(SRGB_XY)),
        (chrm(SRGB_XY),),
        (gama(1.0), (b"sRGB", b"\0")),
        (gama(2.2),),
        (gama(0.0),),
        (gama(1 / 2.2), chrm((0.0,) * 8)),
        (gama(1 / 2.2), chrm((0.3, 0.3) * 4)),
        ((b"gAMA", b"\0\1"),),
    ],
    ids=str,
)
def test_srgb_and_absurd_chunks_change_nothing(chunks, photo):
    assert (photo(png_with(chart(), *chunks)).rgb() == chart()).all()


def test_transparent_parts_stay_white_in_another_space(photo):
    rgba = np.dstack([from_srgb(chart(), PROPHOTO), np.zeros(chart().shape[:2], np.uint8)])
    stream = io.BytesIO()
    Image.fromarray(rgba).save(stream, "PNG", icc_profile=PROPHOTO)
    assert photo(stream.getvalue()).rgb().min() == 255


def test_any_profile_has_an_answer(recwarn):
    chance = random.Random(1)
    profiles = (DISPLAY_P3, ADOBE_RGB, PROPHOTO, GRAY_GAMMA_18)
    pixels = chart(4)
    for _ in range(1000):
        broken = bytearray(chance.choice(profiles))
        for _ in range(chance.choice((1, 2, 8))):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        if chance.random() < 0.2:
            del broken[chance.randrange(len(broken)) :]
        found = conversion_of_profile(bytes(broken))
        convert = found.apply if isinstance(found, Conversion) else found
        assert convert is None or convert(pixels.copy()).shape == pixels.shape
    assert not recwarn.list


def test_very_large_hdr_photos_are_decoded_to_8_bits(photo, monkeypatch):
    monkeypatch.setattr(pipeline.photos.pixels, "_MOST_DEEP_PX", 100)
    monkeypatch.setattr(pipeline.photos.pixels, "decode_deep", None)
    assert_shows_chart(photo(hdr_png(as_hdr(chart(), PQ), PQ)).rgb(), 12)
