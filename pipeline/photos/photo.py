"""Photos: the header read at once, upright sRGB pixels decoded on demand.

The process has to be set up by `pipeline.host.libraries.configure_imaging`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
from typing import NamedTuple

from pipeline.capture import Capture
from pipeline.errors import FailureCode, SourceError
from pipeline.frame import Frame
from pipeline.photos import jp2
from pipeline.photos.colortags import color_plan
from pipeline.photos.embeddedxmp import embedded_metadata
from pipeline.photos.exif import read_exif
from pipeline.photos.heifitem import ItemProperties, primary_item_properties
from pipeline.photos.jpegdamage import holds_too_little
from pipeline.photos.opening import (
    count_images,
    damaged,
    open_header,
    shown_size,
    skip_reduced_pages,
    stored_size,
)
from pipeline.photos.otherreaders import too_large
from pipeline.photos.pixels import Opened, Pixels
from pipeline.photos.salvage import end_jpeg
from pipeline.photos.turns import find_turn
from pipeline.source import EmbeddedMetadata, Limits, MediaFacts, Source, Turn


def open_photo(source: Source, limits: Limits, *, salvage: bool = False) -> tuple[MediaFacts, Frame]:
    """Read a photo's file and header; its pixels come when the frame is asked for them.

    Args:
        source: the photo.
        limits: what it may cost.
        salvage: for a truncated or damaged photo: decode what can be decoded, at once and in full size; the
            frame says which part that is.
    Raises: SourceError: unreadable, damaged or too large. Damage in the pixels shows only when they are
        decoded: the frame's methods raise it then.
    """
    content, photo, capture, turn, metadata = read_header(source, limits, salvage=salvage)
    width, height = photo.size_wh
    if photo.format == "jpeg" and not salvage and holds_too_little(content, photo.size_wh):
        raise damaged("jpeg", f"its {len(content)} bytes are too few for {width}x{height} pixels")
    facts = MediaFacts(
        size_wh=photo.size_wh,
        format=source.format,
        # A phone's second picture is a depth map or a preview.
        images=1 if source.format == "jpeg" else count_images(content, photo.image),
        capture=capture,
        sha256=hashlib.sha256(content).hexdigest(),
        turn=turn,
        metadata=metadata,
    )
    pixels = Pixels(photo)
    if not salvage:
        return facts, Frame(photo.size_wh, pixels.decode, sha256=facts.sha256)
    rgb, seen = pixels.decode_partly()
    frame = Frame(photo.size_wh, lambda _: rgb, seen=seen, sha256=facts.sha256)
    return dataclasses.replace(facts, is_partial=True), frame


class PhotoFile(NamedTuple):
    """A photo whose file and header have been read.

    Args:
        content: the whole file.
        opened: for decoding.
        capture: when, where and with which camera it was taken.
        turn: from the stored picture to the upright one; None if that is not known.
        metadata: XMP and IPTC.
    """

    content: bytes
    opened: Opened
    capture: Capture
    turn: Turn | None
    metadata: EmbeddedMetadata


def read_header(source: Source, limits: Limits, *, salvage: bool = False) -> PhotoFile:
    """Read a photo's file and header.

    Raises: SourceError: unreadable, no reader takes it, or it is too large.
    """
    content = _read(source, limits)
    readable = end_jpeg(content) if salvage and source.format == "jpeg" else content
    image, readable, read_as, orientation = open_header(readable, source.format, limits.max_pixels)
    metadata = embedded_metadata(image, content)
    exif = read_exif(image, readable, content)
    if skip_reduced_pages(image):
        orientation = read_exif(image, readable, content).orientation
    if orientation is None:
        orientation = exif.orientation
    if math.prod(stored_size(image)) > limits.max_pixels:
        raise too_large(stored_size(image), limits.max_pixels)
    own = _properties(content, source.format)
    if read_as == "avif":  # Pillow follows XMP too, which browsers do not
        orientation = own.orientation
    # A second reader has cropped the picture.
    item = own if read_as == source.format else ItemProperties(own.cicp, own.icc_profile)
    width, height = shown_size(image, item)
    size_wh = (height, width) if orientation >= 5 else (width, height)
    colors = color_plan(image, readable, item)
    turn = find_turn(image, content, source.format, own, orientation, exif.orientation)
    opened = Opened(readable, image, read_as, size_wh, orientation, item, colors)
    return PhotoFile(content, opened, exif.capture, turn, metadata)


def _properties(content: bytes, format_: str) -> ItemProperties:
    """What the file's container says of its picture, as far as Pillow does not hand it on."""
    if format_ == "jp2":
        return ItemProperties(icc_profile=jp2.icc_profile(content))
    return primary_item_properties(content) if format_ in ("heif", "avif") else ItemProperties()


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
        raise SourceError(FailureCode.VANISHED, "it is gone since it was listed") from None
    except OSError as error:
        raise SourceError(FailureCode.UNREADABLE, f"cannot be read ({error.strerror})") from None
    stable = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    if not stable or len(content) != before.st_size:
        raise SourceError(
            FailureCode.CHANGED_WHILE_READING, "another program is writing to it; mine it again later"
        )
    if not content:
        raise SourceError(FailureCode.EMPTY_FILE, "the file is empty")
    return content
