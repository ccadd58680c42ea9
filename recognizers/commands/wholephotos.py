"""Refusing lists of whole photos where pictures of faces are expected."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.errors import SourceError, UsageError
from pipeline.models.catalog import YUNET
from pipeline.models.fetched import first_here
from pipeline.text import printable
from recognizers.commands.arguments import TYPED
from recognizers.commands.finding import Finder, face_finder
from recognizers.faces.dataset import Example
from recognizers.faces.folderrecord import is_recorded
from recognizers.faces.pictures import frame_of, source_of
from recognizers.teaching.inspecting import LARGE_PX, size_wh_of

_MOST_LOOKED_AT = 20
_LEAST_FACE = 1 / 3
"""In a picture that was cut to its face, the face is wider than this share of it."""
_PHOTO_PIXELS = 700_000
_LEAST_WITH_FACES = 1 / 4
"""If YuNet finds faces in this share of the pictures, the others do not count."""


def check_cropped(listing: str, examples: Sequence[Example]) -> None:
    """Make sure that a list holds pictures of faces: most of it must not be whole photos.

    Small pictures and those that `crop` or `resize` made are not judged. Of the others, the pictures in which
    YuNet finds a face decide, if they are at least a quarter: a collection also has photos without people.
    A picture without a face counts as a photo if it has at least 0.7 megapixels and is not square.

    Args:
        listing: the file or folder, for the message.
        examples: its pictures.
    Raises: UsageError: most of them are whole photos, or one cannot be read.
    """
    large = [example for example in examples if not is_recorded(example.path) and _is_large(example)]
    if 2 * len(large) <= len(examples):
        return
    step = -(-len(large) // _MOST_LOOKED_AT)
    looked_at = large[::step]
    find = face_finder(YUNET, min_neighbors=0, min_size=None) if first_here(YUNET) else None
    with_faces, without = list[tuple[Example, bool]](), list[tuple[Example, bool]]()
    for example in looked_at:
        has_face, is_photo = _judged(example, find)
        (with_faces if has_face else without).append((example, is_photo))
    deciding = with_faces if _LEAST_WITH_FACES * len(looked_at) <= len(with_faces) else with_faces + without
    photos = [example for example, is_photo in deciding if is_photo]
    if 2 * len(photos) > len(deciding):
        width, height = size_wh_of(photos[0])
        raise UsageError(
            f"{printable(listing)}: lists whole photos, such as {printable(photos[0].path)} with "
            f"{width}x{height} pixels, not pictures of faces; cut the faces out first: {TYPED} crop PHOTOS "
            "FACES --group"
        )


def _is_large(example: Example) -> bool:
    try:
        return max(size_wh_of(example)) > LARGE_PX
    except UsageError:  # training names it
        return False


def _judged(example: Example, find: Finder | None) -> tuple[bool, bool]:
    """Return whether a picture shows a face, and whether it is a whole photo."""
    frame = frame_of(source_of(example.path))
    width, height = frame.size_wh
    try:
        faces = [] if find is None else find(frame)
    except SourceError:  # training names it
        return False, False
    if faces:
        return True, max(face.width for face in faces) < _LEAST_FACE * width
    return False, width != height and width * height >= _PHOTO_PIXELS
