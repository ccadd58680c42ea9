"""JPEG files of kinds that no library here writes: 12 bits in plain blocks, 9 to 16 bits without loss."""

from __future__ import annotations

import struct

import numpy as np


class _Bits:
    """Entropy-coded data: bits, with a zero after each 0xff."""

    def __init__(self) -> None:
        self._text: list[str] = []

    def add(self, value: int, count: int) -> None:
        if count:
            self._text.append(f"{value:0{count}b}")

    def difference(self, value: int) -> None:
        """A difference: its category, which is its own code of five bits, and what is left of it."""
        category = abs(value).bit_length()
        self.add(category, 5)
        if category < 16:
            self.add(value if value > 0 else value + (1 << category) - 1, category)

    def content(self) -> bytes:
        text = "".join(self._text)
        text += "1" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")


def _segment(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body


def _table(number: int, length: int, symbols: bytes) -> bytes:
    """A Huffman table whose codes all have this length."""
    lengths = bytes(len(symbols) if at == length else 0 for at in range(1, 17))
    return _segment(0xC4, bytes((number,)) + lengths + symbols)


def _file(frame: int, shape: tuple[int, ...], bits: int, tables: bytes, scan: bytes, data: _Bits) -> bytes:
    height, width, components = (*shape, 1)[:3]
    listed = b"".join(bytes((number, 0x11, 0)) for number in range(1, components + 1))
    header = _segment(frame, struct.pack(">BHHB", bits, height, width, components) + listed)
    chosen = b"".join(bytes((number, 0)) for number in range(1, components + 1))
    start = _segment(0xDA, bytes((components,)) + chosen + scan)
    rgb = _segment(0xEE, b"Adobe\0\x64\0\0\0\0\0") if components == 3 else b""
    return b"\xff\xd8" + rgb + tables + header + start + data.content() + b"\xff\xd9"


def jpeg_of_12_bits(gray: np.ndarray) -> bytes:
    """An extended sequential JPEG of 12 bits (SOF1); gray 0 to 4095, plain in each block of 8x8."""
    data, before = _Bits(), 0
    for block in gray[::8, ::8].ravel():
        coefficient = 8 * (int(block) - 2048)
        data.difference(coefficient - before)
        data.add(0, 1)  # end of block
        before = coefficient
    tables = _segment(0xDB, b"\0" + b"\1" * 64) + _table(0x00, 5, bytes(range(17))) + _table(0x10, 1, b"\0")
    return _file(0xC1, gray.shape, 12, tables, b"\x00\x3f\x00", data)


def lossless_jpeg(samples: np.ndarray, bits: int) -> bytes:
    """A lossless JPEG (SOF3), each sample predicted by its left neighbour.

    Args:
        samples: (height, width) gray or (height, width, 3) RGB, up to 16 bits.
        bits: what the header says.
    """
    data, planes = _Bits(), np.atleast_3d(samples).astype(int)
    predicted = np.empty_like(planes)
    predicted[:, 1:] = planes[:, :-1]
    predicted[1:, 0] = planes[:-1, 0]
    predicted[0, 0] = 1 << (bits - 1)
    for difference in ((planes - predicted) & 0xFFFF).ravel().tolist():
        data.difference(difference - 0x10000 if difference > 0x8000 else difference)
    return _file(0xC3, samples.shape, bits, _table(0x00, 5, bytes(range(17))), b"\x01\x00\x00", data)
