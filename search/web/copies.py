"""Where the annotated copy of a file is."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.files.outputs import output_path
from search.conditions import MediaKind
from search.documents import Document
from search.web.library import readable_file

_PHOTO_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
_VIDEO_TYPES = {"mp4": "video/mp4", "webm": "video/webm", "mkv": "video/webm", "gif": "image/gif"}


def annotated_copy(output_root: Path, document: Document) -> tuple[bytes | None, str | None]:
    """The path and media type of the copy that the first writer of its type made, or None for both."""
    relative = os.fsdecode(document.path)
    types = _PHOTO_TYPES if document.kind is MediaKind.PHOTO else _VIDEO_TYPES
    for ending, media_type in types.items():
        path = os.fsencode(output_path(output_root, relative, f"-annotated.{ending}"))
        if readable_file(path) is not None:
            return path, media_type
    return None, None
