"""Photos: the header read at once, upright RGB pixels decoded on demand.

JPEG goes through cv2, whose decoder can skip to 1/2, 1/4 or 1/8 of the size in the frequency domain
(a 12 megapixel photo: 28 ms at 1/4 against 62 ms in full); everything else, and JPEGs that cv2 does not
take, through Pillow. cv2 gets bytes, never a name: a name that is not UTF-8 would crash it.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
import os

# A second fence behind the check of the header, for whatever lies to one reader and not to the other.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 30))

import cv2
from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import Base
from PIL.TiffImagePlugin import TiffImageFile

from pipeline.detections import Box
from pipeline.errors import FailureCode, SourceError
from pipeline.frame import Frame, RgbArray
from pipeline.photos.exif import Exif, read_exif
from pipeline.photos.jpegdamage import decode_jpeg, holds_too_little, jpeg_damage
from pipeline.photos.rgb import to_rgb, upright
from pipeline.photos.salvage import decode_partly, end_jpeg, seen_box
from pipeline.source import Limits, MediaFacts, Source

# The workers fill the cores.
cv2.setNumThreads(1)
# The readers of common formats, once for all workers that are forked, not with the first photo of each.
Image.preinit()
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
_IMREAD_FLAGS = {
    1: cv2.IMREAD_COLOR_RGB,
    2: cv2.IMREAD_COLOR_RGB | cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_COLOR_RGB | cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_COLOR_RGB | cv2.IMREAD_REDUCED_GRAYSCALE_8,
}
"""By the denominator of the scale. The GRAYSCALE ones are nothing but the scale; the COLOR ones mean BGR."""

_TURNED_BY_READER = ("heif", "tiff")
"""libheif turns the picture itself, as the container's own transform says, and so does Pillow's TIFF reader
by EXIF. (Pillow's AVIF reader does not: it hands the container's transform on as an EXIF orientation.)"""


def open_photo(source: Source, limits: Limits, *, salvage: bool = False) -> tuple[MediaFacts, Frame]:
    """Read a photo's file and header; its pixels come when the frame is asked for them.

    Args:
        source: the photo.
        limits: what it may cost.
        salvage: it ends too early or is damaged, and what there is of it is wanted: decoded at once, in full
            size, and the frame knows where it is.
    Raises: SourceError: unreadable, damaged or too large. Damage in the pixels shows only when they are
        decoded: the frame's methods raise it then.
    """
    content = _read(source, limits)
    readable = end_jpeg(content) if salvage and source.format == "jpeg" else content
    image = _open_header(readable, source.format)
    width, height = _stored_size(image)
    if width * height > limits.max_pixels:
        raise SourceError(
            FailureCode.TOO_LARGE,
            f"{width}x{height} is {width * height / 1e6:.0f} megapixels; "
            f"--max-megapixels is {limits.max_pixels / 1e6:.0f}",
        )
    if source.format == "jpeg" and not salvage and holds_too_little(content, (width, height)):
        raise _damaged("jpeg", f"its {len(content)} bytes are too few for {width}x{height} pixels")
    exif = read_exif(image, content)
    # The EXIF of HEIF repeats what its container has said already.
    on_its_side = exif.orientation >= 5 and source.format != "heif"
    size_wh = (height, width) if on_its_side else (width, height)
    pixels = _Pixels(readable, image, source.format, size_wh, exif.orientation)
    facts = _facts(source, size_wh, content, image, exif)
    if not salvage:
        return facts, Frame(size_wh, pixels.decode)
    rgb, seen = pixels.decode_partly()
    return dataclasses.replace(facts, is_partial=True), Frame(size_wh, lambda _: rgb, seen=seen)


def _stored_size(image: Image.Image) -> tuple[int, int]:
    """Width and height as they lie in the file, before any turn that EXIF asks for."""
    if isinstance(image, TiffImageFile):  # its `size` is turned already, though not if XMP alone says so
        return image.tag_v2[Base.ImageWidth], image.tag_v2[Base.ImageLength]
    return image.size


def _facts(
    source: Source, size_wh: tuple[int, int], content: bytes, image: Image.Image, exif: Exif
) -> MediaFacts:
    facts = MediaFacts(
        size_wh=size_wh,
        format=source.format,
        capture=exif.capture,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    if source.format == "jpeg":  # a phone's second picture is a depth map or a preview
        return facts
    return dataclasses.replace(facts, images=_count_images(content, image))


def _count_images(content: bytes, image: Image.Image) -> int:
    """How many pictures a file holds, as far as can be told; `image` is left at the first."""
    try:
        if image.format in ("GIF", "TIFF"):  # counted by walking through them: on a reader of its own
            image = Image.open(io.BytesIO(content), formats=(image.format,))
        return int(getattr(image, "n_frames", 1))
    except MemoryError:
        raise
    except Exception:  # damage behind the first picture, which is the one mined
        return 1


def _read(source: Source, limits: Limits) -> bytes:
    try:
        with open(source.path, "rb") as stream:
            before = os.fstat(stream.fileno())
            if before.st_size > limits.max_photo_bytes:
                raise SourceError(
                    FailureCode.TOO_LARGE,
                    f"the file has {before.st_size / 1e6:.0f} MB; "
                    f"a photo may have {limits.max_photo_bytes / 1e6:.0f}",
                )
            content = stream.read(before.st_size + 1)
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


@functools.cache
def _import_heif_and_avif() -> None:
    """20 ms, which most workers can do without."""
    import pillow_heif
    from PIL import AvifImagePlugin

    pillow_heif.register_heif_opener(thumbnails=False)
    # The workers fill the cores.
    pillow_heif.options.DECODE_THREADS = 1
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def _open_header(content: bytes, format_: str) -> Image.Image:
    if format_ in ("heif", "avif"):
        _import_heif_and_avif()
    try:
        return Image.open(io.BytesIO(content), formats=_PILLOW_FORMATS[format_])
    except MemoryError:
        raise
    except UnidentifiedImageError:
        raise _damaged(format_, "its header is broken, or of a kind that is not read here") from None
    except Exception as error:  # readers raise whatever a broken header makes them stumble over
        raise _damaged(format_, f"its header cannot be read ({error})") from None


def _damaged(format_: str, reason: str) -> SourceError:
    """What a reader stumbled over, in a sentence."""
    reason = " ".join(reason.split()).rstrip(".")
    what = "ends too early" if "truncated" in reason.lower() else f"is damaged: {reason}"
    return SourceError(FailureCode.TRUNCATED, f"the {format_.upper()} file {what}")


class _Pixels:
    """Decodes one photo's bytes, upright, at each size once."""

    def __init__(
        self, content: bytes, image: Image.Image, format_: str, size_wh: tuple[int, int], orientation: int
    ) -> None:
        self._content = content
        self._image = image
        self._format = format_
        self._size_wh = size_wh
        self._orientation = orientation
        self._reducible = format_ == "jpeg" and image.mode in ("L", "RGB")
        self._decoded: dict[int, RgbArray] = {}

    def decode(self, at_least_wh: tuple[int, int]) -> RgbArray:
        """Upright RGB at no less than this width and height; see `pipeline.frame.Decode`."""
        denominator = self._denominator(at_least_wh) if self._reducible else 1
        if denominator not in self._decoded:
            rgb = self._decode_jpeg(denominator) if self._reducible else self._decode_with_pillow()
            if rgb is None:
                self._reducible = False
                return self.decode(at_least_wh)
            self._decoded[denominator] = self._checked(rgb, denominator)
        return self._decoded[denominator]

    def _denominator(self, at_least_wh: tuple[int, int]) -> int:
        """How far the size may be reduced: 8, 4, 2 or not at all."""
        width, height = self._size_wh
        for denominator in (8, 4, 2):
            if width >= at_least_wh[0] * denominator and height >= at_least_wh[1] * denominator:
                return denominator
        return 1

    def _decode_jpeg(self, denominator: int) -> RgbArray | None:
        """Through cv2, upright; None where cv2 refuses.

        Raises: SourceError: the data is damaged.
        """
        flags = _IMREAD_FLAGS[denominator] | cv2.IMREAD_IGNORE_ORIENTATION
        rgb, complaint = decode_jpeg(self._content, flags)
        if rgb is None and not complaint:
            return None
        if damage := jpeg_damage(self._content, complaint):
            raise _damaged(self._format, damage)
        return None if rgb is None else upright(rgb, self._orientation)

    def _decode_with_pillow(self) -> RgbArray:
        """Through Pillow, upright.

        Raises: SourceError: the data is damaged.
        """
        if self._format == "jpeg":  # Pillow hands on no complaint
            self._decode_jpeg(8)
        try:
            self._image.load()
            rgb = to_rgb(self._image)
        except MemoryError:
            raise
        except Exception as error:  # each format's decoder has exceptions of its own
            raise _damaged(self._format, str(error)) from None
        self._image.close()  # `rgb` holds the pixels now
        return self._upright(rgb)

    def decode_partly(self) -> tuple[RgbArray, Box]:
        """Upright RGB of what can be decoded, in full size, and the box that it fills.

        Raises: SourceError: nothing can.
        """
        try:
            rgb, blank = decode_partly(self._image)
            self._image.close()
        except MemoryError:
            raise
        except Exception as error:
            raise _damaged(self._format, str(error)) from None
        rgb = self._checked(self._upright(rgb), 1)
        seen = seen_box(rgb, blank)
        if seen.is_empty:
            raise _damaged(self._format, "nothing in it can be decoded")
        return rgb, seen

    def _upright(self, rgb: RgbArray) -> RgbArray:
        return rgb if self._format in _TURNED_BY_READER else upright(rgb, self._orientation)

    def _checked(self, rgb: RgbArray, denominator: int) -> RgbArray:
        """The same pixels, if they are as many as the header promised: two readers may differ on it."""
        width, height = (-(-side // denominator) for side in self._size_wh)
        if rgb.shape != (height, width, 3):
            raise _damaged(
                self._format,
                f"its header says {width}x{height} pixels, its data {rgb.shape[1]}x{rgb.shape[0]}",
            )
        return rgb
