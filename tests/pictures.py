"""Pictures that the tests draw themselves: known colours, a face, files of every format."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
from PIL import ExifTags, Image, ImageDraw, ImageFilter

from pipeline.formats import FORMATS, HEAD_BYTES, identify
from pipeline.source import Source, Stamp

pillow_heif.register_heif_opener()

PATCHES = (
    ((220, 20, 30), (30, 190, 60), (20, 40, 210)),
    ((240, 240, 235), (120, 120, 120), (10, 10, 15)),
)
"""RGB of the six patches, row by row: no turn or mirroring leaves them as they are."""

GRAYS = ((250, 200, 150), (100, 50, 5))
"""Luma of the six patches of `gray_patches`."""

PATCH = 32
SIZE_WH = (3 * PATCH, 2 * PATCH)


def patches(scale: int = 1) -> np.ndarray:
    """Six patches of known colour: (64, 96, 3) uint8 RGB, or `scale` times as large."""
    return _tiles(np.array(PATCHES, np.uint8), scale)


def gray_patches() -> np.ndarray:
    """Six patches of known gray: (64, 96) uint8."""
    return _tiles(np.array(GRAYS, np.uint8), 1)


def _tiles(colors: np.ndarray, scale: int) -> np.ndarray:
    return colors.repeat(PATCH * scale, axis=0).repeat(PATCH * scale, axis=1)


def patch_means(rgb: np.ndarray, rows: int = 2, columns: int = 3) -> np.ndarray:
    """Mean colour of each patch's middle: (rows, columns, 3), away from the edges that codecs smear."""
    height, width = rgb.shape[0] // rows, rgb.shape[1] // columns
    inner = slice(height // 4, -(height // 4)), slice(width // 4, -(width // 4))
    cells = [
        [rgb[r * height : (r + 1) * height, c * width : (c + 1) * width][inner] for c in range(columns)]
        for r in range(rows)
    ]
    return np.array([[cell.mean(axis=(0, 1)) for cell in row] for row in cells])


def texture(size_wh: tuple[int, int] = (131, 97)) -> np.ndarray:
    """Slopes and grain that no codec can say in a few bytes: (height, width, 3) uint8 RGB."""
    width, height = size_wh
    slopes = np.add.outer(np.arange(height), np.arange(width))[:, :, None] * [1, 2, 3]
    return ((slopes + np.random.default_rng(7).integers(0, 40, slopes.shape)) % 256).astype(np.uint8)


def face(side: int = 120) -> np.ndarray:
    """A drawn face that OpenCV's frontal face cascade finds: (side, side) uint8 gray."""
    canvas = 400
    picture = Image.new("L", (canvas, canvas), 90)
    draw = ImageDraw.Draw(picture)

    def ellipse(x: float, y: float, rx: float, ry: float, gray: int) -> None:
        draw.ellipse([(x - rx) * canvas, (y - ry) * canvas, (x + rx) * canvas, (y + ry) * canvas], fill=gray)

    ellipse(0.5, 0.5, 0.40, 0.52, 190)
    ellipse(0.5, 0.08, 0.40, 0.16, 40)  # hair
    for x in (0.33, 0.67):
        ellipse(x, 0.40, 0.13, 0.075, 120)  # the socket, the brow, the white, the iris
        ellipse(x, 0.33, 0.12, 0.03, 60)
        ellipse(x, 0.41, 0.075, 0.04, 235)
        ellipse(x, 0.41, 0.04, 0.045, 30)
    ellipse(0.5, 0.52, 0.035, 0.16, 215)  # nose and mouth
    ellipse(0.5, 0.63, 0.09, 0.03, 130)
    ellipse(0.5, 0.78, 0.17, 0.045, 100)
    ellipse(0.5, 0.76, 0.16, 0.02, 70)
    soft = picture.filter(ImageFilter.GaussianBlur(canvas * 0.018))
    return np.asarray(soft.resize((side, side), Image.Resampling.LANCZOS))


def portrait(size_wh: tuple[int, int], face_at: tuple[int, int] | None, side: int = 120) -> np.ndarray:
    """A plain photo, with a face whose upper left corner is `face_at`: (height, width, 3) uint8 RGB."""
    width, height = size_wh
    rgb = np.full((height, width, 3), (110, 125, 140), np.uint8)
    if face_at is not None:
        x, y = face_at
        rgb[y : y + side, x : x + side] = face(side)[:, :, None]
    return rgb


def encoded(pixels: np.ndarray | Image.Image, format_: str, **options: Any) -> bytes:
    """The file that Pillow makes of an array or image: `encoded(patches(), "PNG")`."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    if "append_images" in options:
        options |= {"save_all": True, "append_images": [other.copy() for other in options["append_images"]]}
    if isinstance(options.get("exif"), Image.Exif) and format_ == "HEIF":
        options["exif"] = options["exif"].tobytes()  # else pillow-heif overlooks the orientation
    stream = io.BytesIO()
    image.copy().save(
        stream, format_, **options
    )  # for Pillow notes things in it that trouble the next format
    return stream.getvalue()


def encoded_by_cv2(pixels: np.ndarray, ending: str) -> bytes:
    """The file that OpenCV makes, for what Pillow does not write: 16-bit colour."""
    good, content = cv2.imencode(ending, pixels)
    assert good
    return content.tobytes()


def white_is_zero(tiff: bytes) -> bytes:
    """A gray TIFF of Pillow's, its PhotometricInterpretation turned from BlackIsZero into WhiteIsZero."""
    entry = struct.pack("<HHI", ExifTags.Base.PhotometricInterpretation, 3, 1)
    black_is_zero = entry + struct.pack("<I", 1)
    assert tiff.count(black_is_zero) == 1
    return tiff.replace(black_is_zero, entry + bytes(4))


def exif_of(orientation: int | None = None, **tags: object) -> Image.Exif:
    """An EXIF block with an orientation and further tags by number: `exif_of(6, **{"271": "Nikon"})`."""
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    for number, value in tags.items():
        exif[int(number)] = value
    return exif


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG file, with its length and CRC."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_bomb(side: int = 40_000) -> bytes:
    """A whole and valid 1-bit PNG of side x side pixels in few bytes; `side` a multiple of 100."""
    rows = bytes(1 + (side + 7) // 8) * 100
    deflate = zlib.compressobj(1)
    data = b"".join(deflate.compress(rows) for _ in range(side // 100)) + deflate.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header), png_chunk(b"IDAT", data), png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def lying_jpeg(width: int = 30_000, height: int = 30_000) -> bytes:
    """A JPEG whose header promises more pixels than its data holds."""
    content = bytearray(encoded(patches(), "JPEG"))
    start_of_frame = content.index(b"\xff\xc0")
    content[start_of_frame + 5 : start_of_frame + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def source_of(path: Path | str) -> Source:
    """A file as the walk hands it on."""
    with open(path, "rb") as stream:
        content = stream.read()
    format_ = identify(content[:HEAD_BYTES])
    assert format_ is not None
    name = str(path).rpartition("/")[2]
    return Source(str(path), name, FORMATS[format_].kind, format_, Stamp(len(content), 0))
