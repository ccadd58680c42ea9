"""A Darknet .weights file from outside: its header, and whether its size is that of a network.

Imports nothing heavy, for the parent looks at it before anything is mined; `weights` reads the numbers.

Source: Darknet, src/parser.c `load_weights_upto`.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

from detectors.darknet.networkcfg import NetworkCfg
from pipeline.errors import ModelError
from pipeline.text import printable

_VERSION = struct.Struct("<3i")
_TRANSPOSING_VERSION = 1000


class Header(NamedTuple):
    """The beginning of a .weights file.

    Args:
        length: in bytes.
        transposed: whether matrices of connected layers lie (inputs, outputs), as the first files have them:
            those begin with what are, read as whole numbers, versions beyond 1000.
        file_size: of the whole file, in bytes.
    """

    length: int
    transposed: bool
    file_size: int


def check_weights(path: Path, network: NetworkCfg) -> Header:
    """Hold the file's size against the network's number of weights; reads the header alone.

    Raises: ModelError: too short, too long, or no .weights file.
    """
    header = read_header(path)
    expected = header.length + 4 * network.weight_count
    if header.file_size != expected:
        trouble = "the file is cut short" if header.file_size < expected else "the file is too long"
        raise ModelError(
            f"{printable(path)}: {header.file_size:,} bytes where {network.where} needs {expected:,}; "
            f"{trouble}, or the two do not belong together"
        )
    return header


def read_header(path: Path) -> Header:
    """Three version numbers, then how many pictures were seen in training: 8 bytes from version 0.2 on.

    Raises: ModelError: it cannot be read, or is no .weights file.
    """
    try:
        with open(path, "rb") as stream:
            head = stream.read(_VERSION.size)
            size = stream.seek(0, 2)
    except OSError as error:
        raise ModelError(f"{printable(path)}: cannot be read ({error.strerror})") from None
    if len(head) < _VERSION.size:
        raise ModelError(f"{printable(path)}: {size} bytes are too few for a Darknet .weights file")
    major, minor, _ = _VERSION.unpack(head)
    if min(major, minor) < 0:
        raise ModelError(f"{printable(path)}: does not begin with a version as a Darknet .weights file does")
    first_files = max(major, minor) >= _TRANSPOSING_VERSION
    seen_bytes = 8 if major * 10 + minor >= 2 and not first_files else 4
    return Header(_VERSION.size + seen_bytes, max(major, minor) > _TRANSPOSING_VERSION, size)
