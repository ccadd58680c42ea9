"""Photos: the header read at once, upright RGB pixels decoded on demand.

JPEG goes through cv2, whose decoder can skip to 1/2, 1/4 or 1/8 of the size in the frequency domain
(a 12 megapixel photo: 28 ms at 1/4 against 62 ms in full); everything else, and JPEGs that cv2 does not
take, through Pillow. cv2 gets bytes, never a name: a name that is not UTF-8 would crash it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
from typing import Any

# A second fence behind the check of the header, for whatever lies to one reader and not to the other.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 30))

import cv2
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError

from pipeline.errors import FailureCode, SourceError
from pipeline.exif import ExifFacts, read_exif
from pipeline.frame import Frame, RgbArray
from pipeline.source import Limits, MediaFacts, Source

pillow_heif.register_heif_opener(thumbnails=False)
pillow_heif.options.DECODE_THREADS = 1  # the workers fill the cores
cv2.setNumThreads(1)
# Sizes are checked against Limits before anything is decoded, with a sentence that names both.
Image.MAX_IMAGE_PIXELS = None

_PILLOW_FORMATS = {
    "jpeg": ("JPEG", "MPO"),
    "png": ("PNG",),
    "webp": ("WEBP",),
    "gif": ("GIF",),
    "bmp": ("BMP",),
    "tiff": ("TIFF",),
    "pnm": ("PPM",),
    "heif": ("HEIF",),
    "avif": ("AVIF",),
}
_REDUCED = {
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
_ALREADY_UPRIGHT = ("heif",)
"""libheif turns the picture itself, as the container's own transform says. (Pillow's AVIF reader does
not: it hands the transform on as an EXIF orientation.)"""


def open_photo(source: Source, limits: Limits) -> tuple[MediaFacts, Frame]:
    """Read a photo's file and header; its pixels come when the frame is asked for them.

    Raises: SourceError: unreadable, damaged or too large. Damage in the pixels shows only when they are
        decoded: the frame's methods raise it then.
    """
    content = _read(source, limits)
    image = _open_header(content, source.format)
    width, height = image.size
    if width * height > limits.max_pixels:
        raise SourceError(
            FailureCode.TOO_LARGE,
            f"{width}x{height} is {width * height / 1e6:.0f} megapixels; "
            f"--max-megapixels is {limits.max_pixels / 1e6:.0f}",
        )
    exif = read_exif(image)
    orientation = 1 if source.format in _ALREADY_UPRIGHT else exif.orientation
    pixels = _Pixels(content, image, source.format, orientation)
    return _facts(source, pixels.size_wh, content, image, exif), Frame(pixels.size_wh, pixels.decode)


def _facts(
    source: Source, size_wh: tuple[int, int], content: bytes, image: Image.Image, exif: ExifFacts
) -> MediaFacts:
    facts = MediaFacts(
        size_wh=size_wh,
        format=source.format,
        taken=exif.taken,
        camera=exif.camera,
        latitude=exif.latitude,
        longitude=exif.longitude,
        altitude=exif.altitude,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    if source.format == "jpeg":  # a phone's second picture is a depth map or a preview
        return facts
    return dataclasses.replace(facts, images=_count_images(image))


def _count_images(image: Image.Image) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except MemoryError:
        raise
    except Exception:  # damage behind the first picture, which is the one mined
        return 1


def _read(source: Source, limits: Limits) -> bytes:
    if source.size_bytes > limits.max_photo_bytes:
        raise SourceError(
            FailureCode.TOO_LARGE,
            f"the file has {source.size_bytes / 1e6:.0f} MB; "
            f"a photo may have {limits.max_photo_bytes / 1e6:.0f}",
        )
    try:
        with open(source.path, "rb", buffering=0) as stream:
            before = os.fstat(stream.fileno())
            content = stream.readall()
            after = os.fstat(stream.fileno())
    except FileNotFoundError:
        raise SourceError(FailureCode.VANISHED, "gone since it was listed") from None
    except OSError as error:
        raise SourceError(FailureCode.UNREADABLE, f"cannot be read ({error.strerror})") from None
    stable = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    if not stable or len(content) != before.st_size:
        raise SourceError(FailureCode.CHANGED_WHILE_READING, "somebody is writing to it; mine it again later")
    if not content:
        raise SourceError(FailureCode.EMPTY_FILE, "the file is empty")
    return content


def _open_header(content: bytes, format_: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content), formats=_PILLOW_FORMATS[format_])
    except MemoryError:
        raise
    except UnidentifiedImageError:
        raise _damaged(format_, "its header cannot be read") from None
    except Exception as error:  # readers raise whatever a broken header makes them stumble over
        raise _damaged(format_, f"its header cannot be read ({error})") from None


def _damaged(format_: str, reason: str) -> SourceError:
    return SourceError(
        FailureCode.TRUNCATED, f"the {format_.upper()} file ends too early or is damaged: {reason}"
    )


class _Pixels:
    """Decodes one photo's bytes, upright."""

    def __init__(self, content: bytes, image: Image.Image, format_: str, orientation: int) -> None:
        self._content = content
        self._image = image
        self._format = format_
        self._orientation = orientation
        width, height = image.size
        self.size_wh = (height, width) if orientation >= 5 else (width, height)

    def decode(self, at_least_wh: tuple[int, int]) -> RgbArray:
        """Upright RGB at no less than this width and height; see `pipeline.frame.Decode`."""
        rgb = None
        if self._format == "jpeg" and self._image.mode in ("L", "RGB"):
            rgb = self._decode_jpeg(at_least_wh)
        if rgb is None:
            rgb = self._decode_with_pillow()
        return _upright(rgb, self._orientation)

    def _decode_jpeg(self, at_least_wh: tuple[int, int]) -> RgbArray | None:
        """Through cv2, reduced as far as the wanted size allows; None where cv2 refuses."""
        denominator = self._denominator(at_least_wh)
        flags = _REDUCED.get(denominator, cv2.IMREAD_COLOR) | cv2.IMREAD_IGNORE_ORIENTATION
        try:
            bgr = cv2.imdecode(np.frombuffer(self._content, np.uint8), flags)
        except cv2.error:
            return None
        return None if bgr is None else np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)

    def _denominator(self, at_least_wh: tuple[int, int]) -> int:
        width, height = self.size_wh
        for denominator in (8, 4, 2):
            if width >= at_least_wh[0] * denominator and height >= at_least_wh[1] * denominator:
                return denominator
        return 1

    def _decode_with_pillow(self) -> RgbArray:
        try:
            self._image.load()
            return to_rgb(self._image)
        except MemoryError:
            raise
        except Exception as error:  # each format's decoder has exceptions of its own
            raise _damaged(self._format, str(error).rstrip(".")) from None


def _upright(rgb: RgbArray, orientation: int) -> RgbArray:
    """Pixels turned and mirrored as an EXIF orientation (1 to 8) says.

    Source: TIFF 6.0, tag 274; e.g. 6 means that the camera's right side is the top.
    """
    if orientation in (5, 6, 7, 8):
        rgb = rgb.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        rgb = rgb[:, ::-1]
    if orientation in (3, 4, 7, 8):
        rgb = rgb[::-1]
    return np.ascontiguousarray(rgb)


def to_rgb(image: Image.Image) -> RgbArray:
    """A Pillow image of any mode as (height, width, 3) uint8 RGB.

    16-bit gray keeps its upper 8 bits (Pillow's own conversion clips at 255), floating point is stretched
    from its least to its greatest value, transparency is laid on white, CMYK follows the file's own profile.
    """
    if image.mode.startswith("I;16"):
        return _stacked((np.asarray(image, dtype=np.uint16) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        return _stacked(_stretched(np.asarray(image)))
    if image.mode == "CMYK":
        return np.asarray(_cmyk_to_rgb(image), dtype=np.uint8)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return np.asarray(Image.alpha_composite(white, rgba).convert("RGB"), dtype=np.uint8)
    return np.asarray(image.convert("RGB"), dtype=np.uint8)


def _stacked(gray: NDArray[np.uint8]) -> RgbArray:
    return np.repeat(gray[:, :, None], 3, axis=2)


def _stretched(values: NDArray[Any]) -> NDArray[np.uint8]:
    """32-bit numbers as 8 bits: whole numbers that fit in 16 bits are taken as those, else stretched."""
    if values.dtype.kind == "i" and values.min() >= 0 and values.max() <= 0xFFFF:
        return (values >> 8).astype(np.uint8)
    finite = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = float(finite.min()), float(finite.max())
    return ((finite - low) * (255.0 / (high - low or 1.0))).round().astype(np.uint8)


def _cmyk_to_rgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if profile:
        try:
            theirs, ours = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, theirs, ours, outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError):
            pass  # a profile that is not for CMYK: the plain conversion serves
    return image.convert("RGB")
