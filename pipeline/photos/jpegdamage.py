"""JPEG through cv2, and what is wrong with the data: libjpeg fills up what is missing and prints a line.

Many a camera's whole photos make it complain too, and it prints only its first complaint. So one that is
harmless makes us look a second time, for what it may have hidden.
"""

from __future__ import annotations

import contextlib
import os
import re

import cv2
import numpy as np

from pipeline.frame import RgbArray
from pipeline.photos.cstderr import overhear
from pipeline.photos.jpegparts import END, START, START_OF_SCAN, jpeg_parts

_LOOK_FLAGS = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_REDUCED_GRAYSCALE_8 | cv2.IMREAD_IGNORE_ORIENTATION
"""The cheapest decoding that reads all data."""

_COMPLAINT = re.compile(
    rb"(?:Corrupt JPEG data: |(?=Premature end of JPEG file|Inconsistent progression sequence"
    rb"|Invalid SOS parameters|Unknown Adobe color transform|Warning: unknown JFIF revision))([^\n]*)\n"
)
"""All that libjpeg's jerror.h calls a warning."""
_DAMAGE = re.compile(
    r"premature end of data segment|bad (Huffman|arithmetic) code|found marker 0x.. instead of RST\d"
    r"|Premature end of JPEG file|Inconsistent progression sequence.*"
    r"|\d+ extraneous bytes before marker 0x[0-9ab]."
)
"""Not: extraneous bytes before a marker that can be there. Webcams, drones and scanners leave some."""
_BETWEEN_SCANS = re.compile(r"\d+ extraneous bytes before marker 0x(c4|da)")
_RESTART = re.compile(rb"\xff([\xd0-\xd7])")
_NEEDED = frozenset((0xC4, 0xCC, 0xDB, 0xDD, START_OF_SCAN, *range(0xC0, 0xD0)))
"""Frames, scans and the tables they need; no application's data, no comments."""
_SCAN_OF_SEQUENTIAL = b"\0\x3f\0"
_HOLE = bytes(512)
"""A disk's sector that was never written."""
_MOST_PIXELS_A_BYTE = 512
"""A block of 64 pixels takes a bit at least in Huffman's code."""
_ARITHMETIC = frozenset((0xC9, 0xCA))


def decode_jpeg(content: bytes, flags: int) -> tuple[RgbArray | None, str]:
    """Decode by cv2.

    Returns: the pixels, None where cv2 refuses; and libjpeg's complaint, "" where it has none.
    """
    encoded = np.frombuffer(content, np.uint8)
    try:
        rgb, printed = overhear(lambda: cv2.imdecode(encoded, flags))
    except cv2.error:
        return None, ""
    complaint = _COMPLAINT.search(printed) if printed else None
    if rest := _COMPLAINT.sub(b"", printed) if printed else b"":
        with contextlib.suppress(OSError):
            os.write(2, rest)
    pixels = None if rgb is None else np.asarray(rgb, np.uint8)
    return pixels, complaint[1].decode("ascii", "replace") if complaint else ""


def jpeg_damage(content: bytes, complaint: str) -> str | None:
    """What is wrong with a JPEG's data, in a few words; None if nothing is known to be.

    Args:
        content: the file.
        complaint: what libjpeg said when it decoded it.
    """
    if damage := _DAMAGE.match(complaint):
        return damage[0]
    if not complaint and _has_end(content):
        return None
    bare, scans = _bare(content)
    _, complaint = decode_jpeg(bare, _LOOK_FLAGS)
    if damage := _DAMAGE.match(complaint) or _BETWEEN_SCANS.match(complaint):
        return damage[0]
    if not (all(map(_restarts_in_order, scans)) and _all_scans_there(scans)):
        return "a piece of its data is missing"
    if (hole := bare.find(_HOLE)) >= 0:
        # Nothing but padding, if the picture is whole without it.
        _, complaint = decode_jpeg(bare[:hole] + END, _LOOK_FLAGS)
        if _DAMAGE.match(complaint):
            return f"{len(_HOLE)} bytes or more of its data are zero"
    return None


def holds_too_little(content: bytes, size_wh: tuple[int, int]) -> bool:
    """Whether a JPEG's header claims more pixels than its bytes can hold, whatever they are."""
    if size_wh[0] * size_wh[1] <= _MOST_PIXELS_A_BYTE * len(content):
        return False
    return not any(part.kind in _ARITHMETIC for part in jpeg_parts(content))


def _has_end(content: bytes) -> bool:
    """Whether the image has its end marker, most likely: there is one that no scan follows."""
    return content.endswith(END) or content.find(b"\xff\xda", max(content.rfind(END), 0)) < 0


def _bare(content: bytes) -> tuple[bytes, list[bytes]]:
    """The same picture without what libjpeg may complain of and does not need; and its scans."""
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
    """A scan of a sequential JPEG whose header says what it has to say there; some cameras' do not."""
    at = scan.index(bytes((START_OF_SCAN,))) + 1
    end = at + int.from_bytes(scan[at : at + 2], "big")
    return scan[: end - 3] + _SCAN_OF_SEQUENTIAL + scan[end:]


def _all_scans_there(scans: list[bytes]) -> bool:
    """Whether each colour's coefficients come to their last bit: in a progressive JPEG, by many scans."""
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
