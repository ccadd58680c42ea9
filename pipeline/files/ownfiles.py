"""How files that this program wrote are recognized: in OUTPUT, and in an old OUTPUT inside INPUT."""

from __future__ import annotations

import os
import re
from pathlib import Path

MARK = "annotated by Deep Visual Miner"
"""The comment in each annotated copy, near the beginning or the end of the file."""
REPORT_BEGINNING = b'{\n  "type": "'
"""The first bytes of every report."""

OWN_SENTENCES = ("an annotated copy that this program made", "a report that this program made")
"""The sentences for such files in INPUT."""

_SEARCHED_BYTES = 1 << 16
"""How much of each end of a file is searched for the mark."""
_COPY_NAME = re.compile(r".-annotated\.(?:jpg|jpeg|png|webp|mp4|webm|mkv|avi|gif)$")


def is_marked(path: Path) -> bool:
    """Whether a file is an annotated copy that this program made.

    Raises: OSError: it does not exist or cannot be read.
    """
    if not path.is_file():
        path.lstat()  # raises where nothing is there
        return False
    with open(path, "rb") as stream:
        beginning = stream.read(_SEARCHED_BYTES)
        stream.seek(-min(_SEARCHED_BYTES, os.fstat(stream.fileno()).st_size), os.SEEK_END)
        return MARK.encode() in beginning or MARK.encode() in stream.read()


def own_sentence(path: str, head: bytes) -> str | None:
    """What to say of a file in INPUT that this program made; None of every other file.

    A copy that has lost its name or its mark, by renaming or editing, is a photo like any other.

    Args:
        path: of the file.
        head: its first bytes.
    """
    copy, report = OWN_SENTENCES
    if path.endswith(".json") and head.startswith(REPORT_BEGINNING):
        return report
    try:
        return copy if _COPY_NAME.search(os.path.basename(path)) and is_marked(Path(path)) else None
    except OSError:  # mining it says why
        return None
