"""Photos: the header read at once, upright sRGB pixels decoded on demand.

The process has to be set up by `pipeline.host.libraries.configure_imaging`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os

from PIL import Image

from pipeline.errors import FailureCode, SourceError
from pipeline.frame import Frame
from pipeline.photos.colortags import color_plan
from pipeline.photos.exif import Exif, read_exif
from pipeline.photos.heifitem import ItemProperties, primary_item_properties
from pipeline.photos.jpegdamage import holds_too_little
from pipeline.photos.opening import count_images, damaged, open_header, skip_reduced_pages, stored_size
from pipeline.photos.pixels import Opened, Pixels
from pipeline.photos.salvage import end_jpeg
from pipeline.source import Limits, MediaFacts, Source


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
    image = open_header(readable, source.format)
    exif = read_exif(image, content)
    if skip_reduced_pages(image):
        exif = exif._replace(orientation=read_exif(image, content).orientation)
    item = primary_item_properties(content) if source.format in ("heif", "avif") else ItemProperties()
    width, height = stored_size(image)
    if width * height > limits.max_pixels:
        raise SourceError(
            FailureCode.TOO_LARGE,
            f"{width}x{height} is {width * height / 1e6:.0f} megapixels; "
            f"--max-megapixels is {limits.max_pixels / 1e6:.0f}",
        )
    if source.format == "jpeg" and not salvage and holds_too_little(content, (width, height)):
        raise damaged("jpeg", f"its {len(content)} bytes are too few for {width}x{height} pixels")
    width, height = _shown_size(image, source.format, item)
    # The EXIF of HEIF repeats what its container has said already.
    on_its_side = exif.orientation >= 5 and source.format != "heif"
    size_wh = (height, width) if on_its_side else (width, height)
    colors = color_plan(image, content, item)
    pixels = Pixels(Opened(readable, image, source.format, size_wh, exif.orientation, item, colors))
    facts = _facts(source, size_wh, content, image, exif)
    if not salvage:
        return facts, Frame(size_wh, pixels.decode)
    rgb, seen = pixels.decode_partly()
    return dataclasses.replace(facts, is_partial=True), Frame(size_wh, lambda _: rgb, seen=seen)


def _shown_size(image: Image.Image, format_: str, item: ItemProperties) -> tuple[int, int]:
    """Width and height of what is shown, before any turn that EXIF asks for."""
    if format_ == "avif" and item.clean_aperture is not None:  # Pillow hands on the size before the crop
        x1, y1, x2, y2 = item.clean_aperture
        return x2 - x1, y2 - y1
    return stored_size(image)


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
    return dataclasses.replace(facts, images=count_images(content, image))


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
