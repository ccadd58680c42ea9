"""HEIF files that no library here writes: pictures coded in ways that HEIF allows and few programs use."""

from __future__ import annotations

import io
from collections.abc import Sequence
from struct import pack, unpack_from

from PIL import Image

from tests.isomedia import box


def av1_of(image: Image.Image) -> tuple[bytes, bytes]:
    """A picture's AV1 data and its `av1C` box, from an AVIF file that Pillow writes."""
    file = io.BytesIO()
    image.save(file, "AVIF", quality=95, subsampling="4:4:4")
    return item_of_avif(file.getvalue())


def item_of_avif(avif: bytes) -> tuple[bytes, bytes]:
    """The AV1 data and the `av1C` box of an AVIF file with one picture."""
    at = avif.index(b"av1C") - 4
    return avif[avif.index(b"mdat") + 4 :], avif[at : at + unpack_from(">I", avif, at)[0]]


def heif_of(
    kind: bytes,
    pictures: Sequence[bytes],
    size_wh: tuple[int, int],
    *properties: bytes,
    config: bytes = b"",
    brand: bytes = b"mif1",
    columns: int = 1,
) -> bytes:
    """A HEIF file.

    Args:
        kind: of its coded items, such as `av01`.
        pictures: their data; several are tiles of a grid, all of one size.
        size_wh: of the whole picture, pixels.
        properties: boxes for the whole picture.
        config: the decoder configuration, a box for each coded item.
        brand: the major one.
        columns: of the grid.
    """
    items = [(kind, data) for data in pictures]
    if len(pictures) > 1:
        rows = len(pictures) // columns
        items.insert(0, (b"grid", pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *size_wh)))
    tile_wh = (size_wh[0] // columns, size_wh[1] // (len(pictures) // columns))
    boxes = [_extent(size_wh), _extent(tile_wh), config, *properties]
    boxes = [one for one in boxes if one]
    of_tile = [2, 3] if config else [2]
    of_whole = [1, *range(len(of_tile) + 2, len(boxes) + 1)]
    if len(pictures) == 1:
        of_whole += of_tile[1:]
    owners = [of_whole, *(of_tile for _ in items[1:])]
    begin = box(b"ftyp", brand + bytes(4) + b"mif1" + brand)
    meta = _meta(items, boxes, owners, 0)
    return (
        begin
        + _meta(items, boxes, owners, len(begin) + len(meta) + 8)
        + box(b"mdat", b"".join(data for _, data in items))
    )


def turned(quarters: int) -> bytes:
    """`irot`: so many quarters of a turn anti-clockwise."""
    return box(b"irot", bytes([quarters]))


def cropped(width: int, height: int) -> bytes:
    """`clap`: the middle of the picture, of this size."""
    return box(b"clap", pack(">IIIIiIiI", width, 1, height, 1, 0, 1, 0, 1))


def colored(primaries: int, transfer: int, matrix: int) -> bytes:
    """`colr` with H.273's code points, full range."""
    return box(b"colr", b"nclx" + pack(">HHHB", primaries, transfer, matrix, 0x80))


def _extent(size_wh: tuple[int, int]) -> bytes:
    return box(b"ispe", pack(">III", 0, *size_wh))


def _meta(
    items: Sequence[tuple[bytes, bytes]],
    boxes: Sequence[bytes],
    owners: Sequence[Sequence[int]],
    data_at: int,
) -> bytes:
    places, at = b"", data_at
    for number, (_, data) in enumerate(items, 1):
        places += pack(">HHHII", number, 0, 1, at, len(data))
        at += len(data)
    infos = (
        box(b"infe", pack(">IHH4sB", (2 << 24) + (number > 1), number, 0, kind, 0))
        for number, (kind, _) in enumerate(items, 1)
    )
    associations = b"".join(
        pack(">HB", number, len(owned)) + bytes(owned) for number, owned in enumerate(owners, 1)
    )
    parts = box(b"dimg", pack(f">HH{len(items) - 1}H", 1, len(items) - 1, *range(2, len(items) + 1)))
    return box(
        b"meta",
        bytes(4)
        + box(b"hdlr", pack(">II4s", 0, 0, b"pict") + bytes(13))
        + box(b"pitm", pack(">IH", 0, 1))
        + box(b"iloc", pack(">IBBH", 0, 0x44, 0, len(items)) + places)
        + box(b"iinf", pack(">IH", 0, len(items)) + b"".join(infos))
        + (box(b"iref", bytes(4) + parts) if len(items) > 1 else b"")
        + box(
            b"iprp",
            box(b"ipco", b"".join(boxes)) + box(b"ipma", pack(">II", 0, len(items)) + associations),
        ),
    )
