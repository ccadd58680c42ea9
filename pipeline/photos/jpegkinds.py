"""JPEG files that libjpeg does not decode to 8 bits: 12 bits, lossless, hierarchical.

Source: ITU-T T.81, annexes B (headers), H (lossless coding) and J (hierarchical coding).
"""

from __future__ import annotations

from typing import NamedTuple

from pipeline.photos.jpegparts import jpeg_parts

_LOSSLESS = 0xC3
_KINDS = {
    _LOSSLESS: "lossless JPEG",
    0xC5: "hierarchical JPEG",
    0xC6: "hierarchical JPEG",
    0xC7: "hierarchical JPEG",
    0xCB: "lossless arithmetic JPEG",
    0xCD: "hierarchical JPEG",
    0xCE: "hierarchical JPEG",
    0xCF: "hierarchical JPEG",
}
"""By the marker of the frame. libjpeg decodes the other frames if they have 8 bits."""
_NO_FRAMES = frozenset((0xC4, 0xC8, 0xCC))
_HUFFMAN_TABLES = 0xC4


class JpegFrame(NamedTuple):
    """What a JPEG's frame header says.

    Args:
        marker: of the frame, its second byte.
        bits: of a sample.
        components: how many: 1 for gray, 3 or 4 for colours.
        precision_at: where in the file the byte for `bits` is.
    """

    marker: int
    bits: int
    components: int
    precision_at: int


def jpeg_frame(content: bytes) -> JpegFrame | None:
    """The first frame header of a JPEG file; None if there is none."""
    for part in jpeg_parts(content):
        if 0xC0 <= part.kind <= 0xCF and part.kind not in _NO_FRAMES:
            marker_end = content.index(bytes((part.kind,)), part.content.start) + 1
            header = content[marker_end + 2 : min(marker_end + 8, part.content.stop)]
            return JpegFrame(part.kind, header[0], header[5], marker_end + 2) if len(header) == 6 else None
    return None


def rare_kind(content: bytes) -> str | None:
    """The kind of a JPEG that libjpeg does not decode, in words; None for all others."""
    frame = jpeg_frame(content)
    if frame is None or (frame.marker not in _KINDS and frame.bits == 8):
        return None
    return f"{_KINDS.get(frame.marker, 'JPEG')} of {frame.bits} bits"


def ffmpeg_decodes(content: bytes) -> bool:
    """Whether ffmpeg decodes this kind of JPEG: sequential and lossless ones with Huffman codes."""
    frame = jpeg_frame(content)
    return frame is not None and frame.marker in (0xC0, 0xC1, _LOSSLESS)


def scaling_filter(content: bytes) -> str | None:
    """The ffmpeg filter that scales a lossless JPEG in colours to 16 bits; ffmpeg itself scales only gray."""
    frame = jpeg_frame(content)
    if frame is None or frame.marker != _LOSSLESS or frame.components == 1 or not 8 < frame.bits < 16:
        return None
    return _on_each_channel(f"val*{1 << (16 - frame.bits)}")


class WiderJpeg(NamedTuple):
    """A lossless JPEG whose differences may need more bits than its header says.

    Args:
        content: the same with 16 bits in its header.
        filter: the ffmpeg filter that undoes what this changes: the first prediction.
        header_bits: what the header says; samples within these bits show that it is right.
    """

    content: bytes
    filter: str
    header_bits: int


def wider_jpeg(content: bytes) -> WiderJpeg | None:
    """The file with a header of 16 bits, if its Huffman tables allow more bits than its header says.

    Some encoders write samples of 16 bits below a header that says 12. libjpeg decodes these.
    """
    frame = jpeg_frame(content)
    if frame is None or frame.marker != _LOSSLESS or not 8 < frame.bits < 16:
        return None
    if _most_bits_of_a_difference(content) <= frame.bits:
        return None
    at = frame.precision_at
    correction = (1 << (frame.bits - 1)) - (1 << 15) + (1 << 16)
    filter_ = _on_each_channel(f"mod(val+{correction},65536)")
    return WiderJpeg(content[:at] + b"\x10" + content[at + 1 :], filter_, frame.bits)


def _on_each_channel(expression: str) -> str:
    """An ffmpeg filter that applies an expression of `val` to 16-bit red, green and blue."""
    return "format=gbrp16le,lutrgb=" + ":".join(f"{channel}='{expression}'" for channel in "rgb")


def _most_bits_of_a_difference(content: bytes) -> int:
    """The greatest category in the Huffman tables of a lossless JPEG; 0 if there are no tables."""
    most = 0
    for part in jpeg_parts(content):
        if part.kind != _HUFFMAN_TABLES:
            continue
        tables = content[part.content][4:]
        while len(tables) > 17:
            count = sum(tables[1:17])
            most = max((most, *tables[17 : 17 + count]))
            tables = tables[17 + count :]
    return most
