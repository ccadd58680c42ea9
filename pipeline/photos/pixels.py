"""A photo's pixels as upright sRGB, decoded on demand.

JPEG goes through cv2, whose decoder can skip to 1/2, 1/4 or 1/8 of the size in the frequency domain (12
megapixels: 14 ms at 1/2 against 20 ms in full); everything else, and JPEGs that cv2 refuses, through Pillow.
cv2 gets bytes instead of a name: a name that is not UTF-8 crashes it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
from PIL import Image

from pipeline.detections import Box
from pipeline.frame import RgbArray
from pipeline.photos.colortags import ColorPlan
from pipeline.photos.deeppixels import decode_deep
from pipeline.photos.heifitem import ItemProperties
from pipeline.photos.jpegdamage import decode_jpeg, jpeg_damage, with_end
from pipeline.photos.opening import damaged, open_lighter, refusal
from pipeline.photos.rgb import to_rgb, upright
from pipeline.photos.salvage import decode_partly, seen_box
from pipeline.photos.scales import denominator_for, reduced, working_denominator

_IMREAD_FLAGS = {
    1: cv2.IMREAD_COLOR_RGB,
    2: cv2.IMREAD_COLOR_RGB | cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_COLOR_RGB | cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_COLOR_RGB | cv2.IMREAD_REDUCED_GRAYSCALE_8,
}
"""By the denominator of the scale. The GRAYSCALE ones are nothing but the scale; the COLOR ones mean BGR."""

_TURNED_BY_READER = ("tiff",)
"""Pillow's TIFF reader turns the picture itself. (libheif does too, and its photos' orientation is 1.
Pillow's AVIF reader does not: it hands the container's transform on as an EXIF orientation.)"""


_MOST_DEEP_PX = 100_000_000
"""Larger HDR photos are decoded to 8 bits: 16 bits of 200 megapixels take 1.2 GB."""


class Opened(NamedTuple):
    """A photo whose header has been read.

    Args:
        content: the whole file.
        image: as Pillow opened it.
        format: a word of `pipeline.formats.FORMATS`.
        size_wh: upright width and height, pixels.
        orientation: as EXIF numbers it, 1 to 8.
        item: what HEIF or AVIF says of its primary picture.
        colors: the conversion to sRGB.
    """

    content: bytes
    image: Image.Image
    format: str
    size_wh: tuple[int, int]
    orientation: int
    item: ItemProperties
    colors: ColorPlan


class Pixels:
    """Decodes one photo, upright and in sRGB, each size once."""

    def __init__(self, photo: Opened) -> None:
        self._photo = photo
        self._reducible = photo.format == "jpeg" and photo.image.mode in ("L", "RGB")
        self._working = working_denominator(photo.size_wh)
        self._decoded: dict[int, RgbArray] = {}

    def decode(self, at_least_wh: tuple[int, int]) -> RgbArray:
        """Upright RGB at no less than this width and height; see `pipeline.frame.Decode`.

        The same whatever else is decoded: see `pipeline.photos.scales`.
        """
        return self._at(denominator_for(self._photo.size_wh, at_least_wh))

    def _at(self, denominator: int) -> RgbArray:
        if denominator not in self._decoded:
            self._decoded[denominator] = self._make(denominator)
        return self._decoded[denominator]

    def _make(self, denominator: int) -> RgbArray:
        """The picture at a scale, from the working picture if that is larger, else from the file.

        A format that cannot be decoded at a scale is decoded in full size.
        """
        working = self._working
        if working is not None and denominator > working:
            return reduced(self._at(working), denominator // working)
        if self._reducible or denominator == 1:
            rgb = self._decode_jpeg(denominator) if self._reducible else self._decode_whole()
            if rgb is not None:
                return self._checked(rgb, denominator)
            self._reducible = False
            return self._make(denominator)
        return reduced(self._at(1), denominator) if denominator == working else self._at(1)

    def _decode_jpeg(self, denominator: int) -> RgbArray | None:
        """Decode with cv2, upright. Returns None if cv2 refuses the file.

        Raises: SourceError: the data is damaged.
        """
        content = self._photo.content
        flags = _IMREAD_FLAGS[denominator] | cv2.IMREAD_IGNORE_ORIENTATION
        rgb, warning = decode_jpeg(content, flags)
        if rgb is None and not warning:
            ended = with_end(content)
            rgb, warning = (None, "") if ended is None else decode_jpeg(ended, flags)
            return None if rgb is None or warning else upright(self._in_srgb(rgb), self._photo.orientation)
        if damage := jpeg_damage(content, warning):
            raise damaged(self._photo.format, damage)
        return None if rgb is None else upright(self._in_srgb(rgb), self._photo.orientation)

    def _decode_whole(self) -> RgbArray:
        """Decode in full size, upright and in sRGB.

        Raises: SourceError: the data is damaged.
        """
        photo = self._photo
        if photo.colors.hdr is not None and math.prod(photo.size_wh) <= _MOST_DEEP_PX:
            deep = decode_deep(photo.content, photo.format, photo.item.bits)
            if deep is not None:
                return self._upright(photo.colors.hdr.apply_deep(deep))
        if photo.format == "jpeg":  # Pillow does not pass on libjpeg's warnings
            self._decode_jpeg(8)
        return self._upright(self._in_srgb(self._decode_with_pillow()))

    def _decode_with_pillow(self) -> RgbArray:
        """Decode with Pillow, not turned.

        Raises: SourceError: the data is damaged.
        """
        photo = self._photo
        try:
            try:
                photo.image.load()
                image = photo.image
            except ValueError:  # of a PNG: texts behind the pixels that are too large for Pillow
                if photo.format != "png":
                    raise
                image = open_lighter(photo.content)
                image.load()
            rgb = to_rgb(image)
        except MemoryError:
            raise
        except Exception as error:  # each format's decoder has exceptions of its own
            raise refusal(photo.content, photo.format, str(error)) from None
        image.close()  # `rgb` holds the pixels now
        return rgb

    def decode_partly(self) -> tuple[RgbArray, Box]:
        """Decode what can be decoded, upright, in full size; also returns the box that it fills.

        Raises: SourceError: nothing can be decoded.
        """
        photo = self._photo
        try:
            rgb, blank = decode_partly(photo.image)
            photo.image.close()
        except MemoryError:
            raise
        except Exception as error:
            raise damaged(photo.format, str(error)) from None
        rgb = self._checked(self._upright(rgb), 1)
        seen = seen_box(rgb, blank)
        if seen.is_empty:
            raise damaged(photo.format, "nothing in it can be decoded")
        return self._in_srgb(rgb), seen

    def _in_srgb(self, rgb: RgbArray) -> RgbArray:
        convert = self._photo.colors.convert
        return rgb if convert is None else convert(rgb)

    def _upright(self, rgb: RgbArray) -> RgbArray:
        """The shown part of the picture that the usual reader decoded, turned."""
        photo = self._photo
        rgb = self._cropped(rgb)
        return rgb if photo.format in _TURNED_BY_READER else upright(rgb, photo.orientation)

    def _cropped(self, rgb: RgbArray) -> RgbArray:
        photo = self._photo
        if photo.format == "avif" and photo.item.clean_aperture is not None:  # libheif crops HEIF itself
            x1, y1, x2, y2 = photo.item.clean_aperture
            return rgb[y1:y2, x1:x2]
        return rgb

    def _checked(self, rgb: RgbArray, denominator: int) -> RgbArray:
        """The same pixels, if their number is that of the header; two readers may disagree."""
        width, height = (-(-side // denominator) for side in self._photo.size_wh)
        if rgb.shape != (height, width, 3):
            raise damaged(
                self._photo.format,
                f"its header says {width}x{height} pixels, its data {rgb.shape[1]}x{rgb.shape[0]}",
            )
        return rgb
