"""Decodes JPEG with cv2 and finds damage: libjpeg fills in missing data and prints a warning.

It warns about intact photos of many cameras too, and it prints only its first warning. So a harmless warning
leads to a second check, for others that it may have hidden.
"""

from __future__ import annotations

import contextlib
import os
import re

import cv2
import numpy as np

from pipeline.frame import RgbArray
from pipeline.photos.cstderr import capture_c_stderr
from pipeline.photos.jpegparts import END, START, START_OF_SCAN, jpeg_parts

_CHECK_FLAGS = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_REDUCED_GRAYSCALE_8 | cv2.IMREAD_IGNORE_ORIENTATION
"""The cheapest decode that reads all data."""

_WARNING = re.compile(
    rb"(?:Corrupt JPEG data: |(?=Premature end of JPEG file|Inconsistent progression sequence"
    rb"|Invalid SOS parameters|Unknown Adobe color transform|Warning: unknown JFIF revision))([^\n]*)\n"
)
"""All warnings of libjpeg's jerror.h."""
_DAMAGE = re.compile(
    r"premature end of data segment|bad (Huffman|arithmetic) code|found marker 0x.. instead of RST\d"
    r"|Premature end of JPEG file|Inconsistent progression sequence.*"
    r"|\d+ extraneous bytes before marker 0x[0-9ab]."
)
"""Extraneous bytes before other markers are harmless. Webcams, drones and scanners leave some."""
_BETWEEN_SCANS = re.compile(r"\d+ extraneous bytes before marker 0x(c4|da)")
_RESTART = re.compile(rb"\xff([\xd0-\xd7])")
_NEEDED = frozenset((0xC4, 0xCC, 0xDB, 0xDD, START_OF_SCAN, *range(0xC0, 0xD0)))
"""Frames, scans and the tables that they need; no application data, no comments."""
_SCAN_OF_SEQUENTIAL = b"\0\x3f\0"
_HOLE = bytes(512)
"""A disk sector that was never written."""
_MOST_PIXELS_A_BYTE = 512
"""A block of 64 pixels takes at least one bit in a Huffman code."""
_ARITHMETIC = frozenset((0xC9, 0xCA))


def decode_jpeg(content: bytes, flags: int) -> tuple[RgbArray | None, str]:
    """Decode with cv2.

    Returns: the pixels, None if cv2 refuses the file; and libjpeg's warning, "" if there is none.
    """
    encoded = np.frombuffer(content, np.uint8)
    try:
        rgb, printed = capture_c_stderr(lambda: cv2.imdecode(encoded, flags))
    except cv2.error:
        return None, ""
    warning = _WARNING.search(printed) if printed else None
    if rest := _WARNING.sub(b"", printed) if printed else b"":
        with contextlib.suppress(OSError):
            os.write(2, rest)
    pixels = None if rgb is None else np.asarray(rgb, np.uint8)
    return pixels, warning[1].decode("ascii", "replace") if warning else ""


def jpeg_damage(content: bytes, warning: str) -> str | None:
    """What is wrong with a JPEG's data, in a few words; None if nothing is.

    Args:
        content: the file.
        warning: of libjpeg when it decoded the file.
    """
    if damage := _DAMAGE.match(warning):
        return damage[0]
    if not warning and _has_end(content):
        return None
    essential, scans = _essential(content)
    _, warning = decode_jpeg(essential, _CHECK_FLAGS)
    if damage := _DAMAGE.match(warning) or _BETWEEN_SCANS.match(warning):
        return damage[0]
    if not (all(map(_restarts_in_order, scans)) and _all_scans_there(scans)):
        return "part of its data is missing"
    if (hole := essential.find(_HOLE)) >= 0:
        # It is only padding if the picture is complete without it.
        _, warning = decode_jpeg(essential[:hole] + END, _CHECK_FLAGS)
        if _DAMAGE.match(warning):
            return f"{len(_HOLE)} bytes or more of its data are zero"
    return None


def with_end(content: bytes) -> bytes | None:
    """A JPEG with the end marker that it lacks, which cv2 insists on; None if it lacks nothing or more."""
    parts = list(jpeg_parts(content))
    if not parts or parts[-1].kind != START_OF_SCAN or parts[-1].content.stop < len(content):
        return None
    ended = content.removesuffix(END[:1]) + END
    return ended if _all_scans_there(_essential(ended)[1]) else None


def holds_too_little(content: bytes, size_wh: tuple[int, int]) -> bool:
    """Whether a JPEG's header claims more pixels than its bytes can hold."""
    if size_wh[0] * size_wh[1] <= _MOST_PIXELS_A_BYTE * len(content):
        return False
    return not any(part.kind in _ARITHMETIC for part in jpeg_parts(content))


def _has_end(content: bytes) -> bool:
    """Whether the image most likely has its end marker: one that no scan follows."""
    return content.endswith(END) or content.find(b"\xff\xda", max(content.rfind(END), 0)) < 0


def _essential(content: bytes) -> tuple[bytes, list[bytes]]:
    """The same picture without the parts that libjpeg does not need and may warn about; and its scans."""
    pieces, scans, sequential = [START], [], False
    for kind, place in jpeg_parts(content):
        piece = content[place]
        if kind in (0xC0, 0xC1):
            sequential = True
        if kind == START_OF_SCAN:
            if sequential:
                piece = _with_plain_parameters(piece)
            scans.append(piece)
        if kind in _NEEDED:
            pieces.append(piece)
    return b"".join((*pieces, END)), scans


def _with_plain_parameters(scan: bytes) -> bytes:
    """A scan of a sequential JPEG with the header that the standard requires; some cameras write another."""
    at = scan.index(bytes((START_OF_SCAN,))) + 1
    end = at + int.from_bytes(scan[at : at + 2], "big")
    return scan[: end - 3] + _SCAN_OF_SEQUENTIAL + scan[end:]


def _all_scans_there(scans: list[bytes]) -> bool:
    """Whether the scans give all bits of all coefficients of each colour; progressive ones need many."""
    exact: dict[int, set[int]] = {}
    for scan in scans:
        header = scan[scan.index(bytes((START_OF_SCAN,))) + 3 :]
        end = 1 + 2 * int.from_bytes(header[:1], "big")
        first, last, bits = (*header[end : end + 3], 0, 0, 0)[:3]
        for color in header[1:end:2]:
            known = exact.setdefault(color, set())
            if bits & 15 == 0:
                known.update(range(first, last + 1))
    return all(known.issuperset(range(64)) for known in exact.values())


def _restarts_in_order(scan: bytes) -> bool:
    numbers = b"".join(_RESTART.findall(scan))
    return numbers == (bytes(range(0xD0, 0xD8)) * (len(numbers) // 8 + 1))[: len(numbers)]
