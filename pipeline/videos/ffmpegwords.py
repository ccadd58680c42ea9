"""What ffmpeg's error messages mean, in words for users who do not know ffmpeg."""

from __future__ import annotations

import re

_MEANINGS: tuple[tuple[str, str], ...] = (
    ("moov atom not found", "the end of the video, with its index, is missing"),
    (
        "no decoder found|decoder .*not found|unsupported codec|unknown codec",
        "it is encrypted, or in a codec that ffmpeg does not know",
    ),
    ("input/output error", "the disk cannot read it"),
    ("permission denied|operation not permitted", "it may not be read"),
    ("cannot allocate memory|could not allocate|out of memory", "there is too little memory"),
    ("picture size .* is invalid|image dimensions", "its pictures are too large, or its header is damaged"),
    (
        "ended prematurely|end of file|premature|truncat|partial file",
        "it ends too early",
    ),
    (
        "exceeds containing|element at|ebml|amf type|header|single-track mode|invalid data|invalid nal|"
        "corrupt|missing picture|no frame|error while decoding|could not find codec parameters",
        "its data is damaged",
    ),
)
"""Patterns of messages (ffmpeg 6 and 7, libavformat and libavcodec), in the order in which they are tried."""


def in_words(error: str) -> str:
    """Translate ffmpeg's first error, with ffmpeg's own words behind it.

    Args:
        error: the message; empty if there is none.
    Returns: the rest of a sentence that says that something does not work, beginning with a colon or bracket.
    """
    error = error.removeprefix("Error opening input: ")
    if not error:
        return "; ffmpeg gives no reason"
    for pattern, meaning in _MEANINGS:
        if re.search(pattern, error, re.IGNORECASE):
            return f": {meaning} (ffmpeg: {error})"
    return f" (ffmpeg: {error})"
