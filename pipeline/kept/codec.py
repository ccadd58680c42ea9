"""Findings as bytes: compact, exact, and safe to decode from damaged or hostile bytes.

A chunk holds the findings of a photo, or of the frames of one segment of a video. It begins with a checksum,
the format, the number of frames, and how far each one's index is beyond that of the one before; then each
component has a block:

    key (8 bytes) | level (float64) | kind (1 byte) | length of the body | body

Whole numbers are written in groups of seven bits, the lowest first (LEB128). A confidence is a float32 where
that is exact, as it is for networks' answers, else a float64.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Sequence

from pipeline.detections import Box, Detection, Label
from pipeline.kept.findings import DIGEST_BYTES, Findings, FrameFindings

FORMAT = 1
"""Of a chunk. It is raised when the layout changes; older chunks are then mined again."""

_DETECTIONS, _DESCRIBED, _ROUNDED, _PACKED = 0, 1, 2, 4
_LEAST_PACKED = 256
"""Shorter bodies are not compressed: it would cost more time than space."""
_MOST_BODY = 1 << 28
_CHECK = struct.Struct("<I")
_DOUBLE, _FLOAT = struct.Struct("<d"), struct.Struct("<f")
_NONE, _AS_FLOAT, _AS_DOUBLE = 0, 1, 2


class CodecError(ValueError):
    """Bytes that are no chunk of this format."""


def encode(frames: Sequence[FrameFindings]) -> bytes:
    """Write a chunk.

    Args:
        frames: in the order of their indices; a component is kept if all of them have its findings.
    """
    out = bytearray((FORMAT,))
    _put(out, len(frames))
    last = 0
    for frame in frames:
        _put(out, frame.index - last)
        last = frame.index
    for key in frames[0].of if frames else ():
        column = [frame.of[key] for frame in frames if key in frame.of]
        if len(column) < len(frames) or len({(one.level, one.is_rounded) for one in column}) > 1:
            continue
        kind = _DESCRIBED if column[0].described is not None else _DETECTIONS
        try:
            body = _described(column) if kind == _DESCRIBED else _detections(column)
        except (TypeError, ValueError, AttributeError):  # a plug-in's landmarks are no whole numbers, say
            continue
        if kind == _DETECTIONS and len(body) >= _LEAST_PACKED:
            body, kind = zlib.compress(body), kind | _PACKED
        out += key + _DOUBLE.pack(column[0].level)
        out.append(kind | (_ROUNDED if column[0].is_rounded else 0))
        _put(out, len(body))
        out += body
    return _CHECK.pack(zlib.crc32(out)) + bytes(out)


def decode(chunk: bytes) -> list[FrameFindings]:
    """Read a chunk.

    Raises: CodecError: it is damaged, or of another format.
    """
    try:
        if _CHECK.unpack_from(chunk)[0] != zlib.crc32(memoryview(chunk)[_CHECK.size :]):
            raise CodecError("damaged findings (another checksum)")
        return _decode(_Reader(chunk[_CHECK.size :]))
    except (IndexError, struct.error, zlib.error, UnicodeDecodeError, OverflowError, MemoryError) as error:
        raise CodecError(f"damaged findings ({error})") from None


def _decode(reader: _Reader) -> list[FrameFindings]:
    if reader.byte() != FORMAT:
        raise CodecError("findings of another format")
    frames: list[dict[bytes, Findings]] = [{} for _ in range(reader.count())]
    indices = list(itertools.accumulate(reader.number() for _ in frames))
    while not reader.at_end:
        key, level, kind = reader.take(DIGEST_BYTES), reader.unpack(_DOUBLE), reader.byte()
        body = reader.take(reader.number())
        if kind & _PACKED:
            unpacker = zlib.decompressobj()
            body = unpacker.decompress(body, _MOST_BODY)
        column = _Reader(body)
        texts = [] if kind & _DESCRIBED else column.texts()
        for frame in frames:
            if kind & _DESCRIBED:
                frame[key] = column.described(level)
            else:
                frame[key] = column.found(level, texts, is_rounded=bool(kind & _ROUNDED))
    return [FrameFindings(frame, index) for frame, index in zip(frames, indices, strict=True)]


def _described(column: Sequence[Findings]) -> bytes:
    out = bytearray()
    for findings in column:
        described = findings.described or {}
        out += findings.regions
        _put(out, len(described))
        for region, description in described.items():
            out += region
            _put(out, len(description))
            out += description
    return bytes(out)


def _detections(column: Sequence[Findings]) -> bytes:
    numbers: dict[str, int] = {}
    out = bytearray()
    for findings in column:
        out += findings.regions
        _put(out, len(findings.detections))
        for detection in findings.detections:
            _put_detection(out, detection, numbers)
    head = bytearray()
    _put(head, len(numbers))
    for text in numbers:
        encoded = text.encode("utf-8", "surrogatepass")
        _put(head, len(encoded))
        head += encoded
    return bytes(head + out)


def _put_detection(out: bytearray, detection: Detection, numbers: dict[str, int]) -> None:
    box = detection.box
    for number in (box.x1, box.y1, box.width, box.height):
        _put(out, number)
    _put(out, len(detection.labels))
    for label in detection.labels:
        _put(out, numbers.setdefault(label.text, len(numbers)))
        _put(out, 0 if label.method is None else 1 + numbers.setdefault(label.method, len(numbers)))
        _put_real(out, label.confidence)
        _put_real(out, label.distance)
    points = detection.landmarks
    _put(out, 0 if points is None else 1 + len(points))
    for x, y in points or ():
        _put_signed(out, x - box.x1)
        _put_signed(out, y - box.y1)


def _put(out: bytearray, number: int) -> None:
    """Append a whole number, 0 or more."""
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _put_signed(out: bytearray, number: int) -> None:
    _put(out, number << 1 if number >= 0 else (-number << 1) - 1)


def _put_real(out: bytearray, number: float | None) -> None:
    if number is None:
        out.append(_NONE)
        return
    try:
        short = _FLOAT.pack(number)
    except OverflowError:
        short = b""
    if short and _FLOAT.unpack(short)[0] == number:
        out.append(_AS_FLOAT)
        out += short
    else:
        out.append(_AS_DOUBLE)
        out += _DOUBLE.pack(number)


class _Reader:
    """Reads values from bytes; IndexError or `struct.error` at their end."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def at_end(self) -> bool:
        """Whether everything is read."""
        return self._at >= len(self._content)

    def byte(self) -> int:
        """The next byte."""
        value = self._content[self._at]
        self._at += 1
        return value

    def take(self, count: int) -> bytes:
        """The next bytes, so many."""
        end = self._at + count
        if end > len(self._content):
            raise IndexError("they end too early")
        taken = self._content[self._at : end]
        self._at = end
        return taken

    def number(self) -> int:
        """A whole number from 0, seven bits a byte, the lowest first."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise CodecError("a number is too long")

    def count(self) -> int:
        """A number of things that take at least a byte each."""
        count = self.number()
        if count > _MOST_BODY:
            raise CodecError("a number is too large")
        return count

    def signed(self) -> int:
        """A whole number whose sign is its lowest bit."""
        number = self.number()
        return number >> 1 if not number & 1 else -((number + 1) >> 1)

    def unpack(self, form: struct.Struct) -> float:
        return float(form.unpack(self.take(form.size))[0])

    def real(self) -> float | None:
        match self.byte():
            case 0:
                return None
            case 1:
                return self.unpack(_FLOAT)
            case _:
                return self.unpack(_DOUBLE)

    def texts(self) -> list[str]:
        return [self.take(self.number()).decode("utf-8", "surrogatepass") for _ in range(self.count())]

    def described(self, level: float) -> Findings:
        regions = self.take(DIGEST_BYTES)
        described = {self.take(DIGEST_BYTES): self.take(self.number()) for _ in range(self.count())}
        return Findings(level, regions, described=described)

    def found(self, level: float, texts: Sequence[str], *, is_rounded: bool) -> Findings:
        regions = self.take(DIGEST_BYTES)
        detections = tuple(self._detection(texts) for _ in range(self.count()))
        return Findings(level, regions, detections, is_rounded=is_rounded)

    def _detection(self, texts: Sequence[str]) -> Detection:
        x, y, width, height = (self.number() for _ in range(4))
        labels = tuple(self._label(texts) for _ in range(self.count()))
        count = self.number()
        points = tuple((x + self.signed(), y + self.signed()) for _ in range(count - 1)) if count else None
        return Detection(Box(x, y, x + width, y + height), labels, points)

    def _label(self, texts: Sequence[str]) -> Label:
        text, method = texts[self.number()], self.number()
        confidence, distance = self.real(), self.real()
        return Label(text, confidence, texts[method - 1] if method else None, distance)
