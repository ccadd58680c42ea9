"""Opens photos: reads the header, chooses the reader and the page."""

from __future__ import annotations

import functools
import io
import re
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import Base
from PIL.TiffImagePlugin import TiffImageFile

from pipeline.errors import FailureCode, SourceError
from pipeline.photos.heifitem import ItemProperties, primary_item_properties, unread_kind
from pipeline.photos.otherreaders import ffmpegs_kind, read_as_png, unread_jpeg
from pipeline.photos.pngchunks import without_side_data

# Pillow's reader of JPEG opens MPO too.
_PILLOW_FORMATS = {
    "jpeg": ("JPEG",),
    "png": ("PNG",),
    "webp": ("WEBP",),
    "gif": ("GIF",),
    "bmp": ("BMP",),
    "tiff": ("TIFF",),
    "pnm": ("PPM",),
    "heif": ("HEIF",),
    "avif": ("AVIF",),
    "jp2": ("JPEG2000",),
}
_NOT_BY_LIBHEIF = (b"av01", b"avc1", b"evc1", b"j2k1", b"jpeg", b"vvc1")
"""Codings of HEIF's pictures for which pillow-heif's libheif has no decoder."""
_UNREAD_BMP = re.compile(
    r"Unsupported BMP (compression \((?:[456]|1[123])\)|pixel depth \((?:0|2|64)\)"
    r"|header type \(16\)|bitfields layout)"
)
"""Pillow's words for kinds that exist and that it does not read; other numbers are damage."""
_REDUCED_PAGE = 1
"""The bit of TIFF's NewSubfileType for a smaller copy of another page."""
_OLD_REDUCED_PAGE = 2
_DNG_VERSION = 50706
_MOST_PAGES_TRIED = 100


class Header(NamedTuple):
    """A photo that a reader has opened, its pixels not yet decoded.

    Args:
        image: as Pillow opened it.
        content: the file that `image` reads: the photo's own, or the PNG that a second reader made of it.
        format: of `content`, a word of `pipeline.formats.FORMATS`.
        orientation: as EXIF numbers it, where the reader knows better than EXIF; else None.
    """

    image: Image.Image
    content: bytes
    format: str
    orientation: int | None


def open_header(content: bytes, format_: str, max_pixels: int) -> Header:
    """Open a photo with Pillow, or with a second reader if Pillow refuses it.

    Args:
        content: the whole file.
        format_: a word of `pipeline.formats.FORMATS`.
        max_pixels: a second reader refuses larger photos.
    Raises: SourceError: no reader takes it, or it is too large for a second reader.
    """
    try:
        image = _open(content, format_)
        if format_ == "heif":
            _check_decoder(content)
    except SourceError as error:
        reread = read_as_png(content, format_, max_pixels)
        if reread is None:
            raise error from None
        return Header(_open(reread.png, "png"), reread.png, "png", reread.orientation)
    # The EXIF of HEIF repeats what its container says, and libheif has done already.
    return Header(image, content, format_, 1 if format_ == "heif" else None)


def _check_decoder(content: bytes) -> None:
    """Make sure that libheif, which reads every header, can decode a HEIF file's picture too.

    Raises: SourceError: it cannot.
    """
    coding = primary_item_properties(content).coding
    if coding in _NOT_BY_LIBHEIF:
        raise refusal(content, "heif", f"its picture is coded as {coding!r}")


def damaged(format_: str, reason: str) -> SourceError:
    """The failure of a photo that a reader refuses, with the reader's reason in a sentence."""
    reason = " ".join(reason.split()).rstrip(".")
    if "truncated" in reason.lower():
        return SourceError(FailureCode.TRUNCATED, f"the {format_.upper()} file ends too early")
    return SourceError(FailureCode.TRUNCATED, f"the {format_.upper()} file is damaged: {reason}")


def refusal(content: bytes, format_: str, reason: str) -> SourceError:
    """The failure of a photo that no reader takes: its kind, if that is the cause, else damage."""
    if kind := unread_kind(content, format_) or unread_jpeg(content, format_):
        return SourceError(FailureCode.UNSUPPORTED_FORMAT, f"is a {kind}, which no reader here takes")
    if kind := ffmpegs_kind(content, format_):
        return SourceError(FailureCode.TRUNCATED, f"is a {kind} that ends too early or is damaged")
    if format_ == "bmp" and (found := _UNREAD_BMP.search(reason)):
        kind = f"BMP with an unusual {found[1]}"
        return SourceError(FailureCode.UNSUPPORTED_FORMAT, f"is a {kind}, which no reader here takes")
    return damaged(format_, reason)


def stored_size(image: Image.Image) -> tuple[int, int]:
    """Width and height as they lie in the file, before any turn that EXIF asks for."""
    if isinstance(image, TiffImageFile):  # its `size` is turned already, though not if XMP alone says so
        return image.tag_v2[Base.ImageWidth], image.tag_v2[Base.ImageLength]
    return image.size


def shown_size(image: Image.Image, item: ItemProperties) -> tuple[int, int]:
    """Width and height of what is shown, before any turn that EXIF asks for."""
    if image.format == "AVIF" and item.clean_aperture is not None:  # Pillow hands on the size before the crop
        x1, y1, x2, y2 = item.clean_aperture
        return x2 - x1, y2 - y1
    return stored_size(image)


def count_images(content: bytes, image: Image.Image) -> int:
    """How many pictures a file holds, or 1 if that cannot be read; `image` stays at its page."""
    try:
        if image.format in ("GIF", "TIFF"):  # counted by walking through them: on a reader of its own
            image = Image.open(io.BytesIO(content), formats=(image.format,))
        return int(getattr(image, "n_frames", 1))
    except MemoryError:
        raise
    except Exception:  # damage behind the first picture, which is the one mined
        return 1


def skip_reduced_pages(image: Image.Image) -> bool:
    """Go to a TIFF's first page that is no smaller copy of another one.

    Returns: whether that is another page than the first.
    Raises: SourceError: a camera raw file (DNG), whose full picture no page of it is.
    Source: TIFF 6.0, tags 254 (NewSubfileType) and 255 (SubfileType).
    """
    if not isinstance(image, TiffImageFile) or not _is_reduced(image):
        return False
    is_raw = _DNG_VERSION in image.tag_v2
    for page in range(1, _MOST_PAGES_TRIED):
        try:
            image.seek(page)
        except MemoryError:
            raise
        except Exception:  # the end, or damage, or a page of a kind that Pillow does not read
            break
        if not _is_reduced(image):
            return True
    if is_raw:
        raise SourceError(
            FailureCode.UNSUPPORTED_FORMAT,
            "is a camera raw file (DNG), of which only the thumbnail can be read; "
            "export it as TIFF or JPEG, or give it the ending .dng",
        )
    image.seek(0)
    return False


def _is_reduced(image: TiffImageFile) -> bool:
    kind, old_kind = image.tag_v2.get(254, 0), image.tag_v2.get(255, 0)
    return bool(isinstance(kind, int) and kind & _REDUCED_PAGE) or old_kind == _OLD_REDUCED_PAGE


def open_lighter(content: bytes) -> Image.Image:
    """A PNG photo whose texts or profile are too large for Pillow, opened without them.

    Pillow refuses a file whose texts or profile unpack to more than 1 MB, or 64 MB in all.

    Raises: UnidentifiedImageError: Pillow refuses it all the same.
    """
    for lighter in without_side_data(content):
        try:
            return Image.open(io.BytesIO(lighter), formats=_PILLOW_FORMATS["png"])
        except ValueError:
            continue
    raise UnidentifiedImageError


def _open(content: bytes, format_: str) -> Image.Image:
    """Open a photo with Pillow.

    Raises: SourceError: the header is broken, or of a kind that Pillow does not read.
    """
    if format_ not in _PILLOW_FORMATS:
        raise refusal(content, format_, "Pillow does not read it")
    _import_readers(format_)
    try:
        try:
            return Image.open(io.BytesIO(content), formats=_PILLOW_FORMATS[format_])
        except ValueError:
            if format_ != "png":
                raise
            return open_lighter(content)
    except MemoryError:
        raise
    except UnidentifiedImageError:
        raise refusal(content, format_, "its header is broken, or of a kind that is not read here") from None
    except Exception as error:  # readers raise whatever a broken header makes them stumble over
        raise refusal(content, format_, f"its header cannot be read ({error})") from None


@functools.cache
def _import_readers(format_: str) -> None:
    """Import what Pillow needs beside its common readers."""
    if format_ not in ("heif", "avif"):
        return
    # 20 ms, which most workers can do without.
    import pillow_heif
    from PIL import AvifImagePlugin

    pillow_heif.register_heif_opener(thumbnails=False)
    # The workers fill the cores.
    pillow_heif.options.DECODE_THREADS = 1
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
