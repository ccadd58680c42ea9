"""Check the header and the size of a Darknet .weights file.

It imports nothing heavy, because the parent process checks files; `weights` reads the numbers.

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
    """The header of a .weights file.

    Args:
        length: in bytes.
        transposed: whether matrices of connected layers are (inputs, outputs), as in the first files, whose
            first bytes are versions above 1000 if read as whole numbers.
        file_size: of the whole file, in bytes.
    """

    length: int
    transposed: bool
    file_size: int


def check_weights(path: Path, network: NetworkCfg) -> Header:
    """Check a file's size against the network's number of weights; reads only the header.

    Raises: ModelError: it is too short, too long, or not a .weights file.
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
    """Read the header: three version numbers and a count of training pictures, of 8 bytes since version 0.2.

    Raises: ModelError: it cannot be read, or is not a .weights file.
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
