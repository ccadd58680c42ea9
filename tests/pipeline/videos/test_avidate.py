"""Dates in AVI files."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from pipeline.source import Limits
from pipeline.videos.avidate import read_avi_date
from pipeline.videos.probe import probe_file
from tests.videos import make_video, source_of


def chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def list_of(kind: bytes, *chunks: bytes) -> bytes:
    return chunk(b"LIST", kind + b"".join(chunks))


def avi(*chunks: bytes) -> io.BytesIO:
    """An AVI without pictures."""
    return io.BytesIO(chunk(b"RIFF", b"AVI " + b"".join(chunks)))


def pentax_note(order: bytes, date: bytes = b"\x07\xd9\x08\x11", time: bytes = b"\x0a\x0b\x0c\0") -> bytes:
    """A maker note with 2009-08-17 10:11:12."""
    mark = "<" if order == b"II" else ">"
    entries = ((0, 1, 4, b"\0\0\0\1"), (6, 7, 4, date), (7, 7, 3, time))
    body = b"".join(struct.pack(f"{mark}HHI4s", *entry) for entry in entries)
    return b"PENTAX \0" + order + struct.pack(f"{mark}H", len(entries)) + body


@pytest.mark.parametrize(
    ("text", "date"),
    [
        (b"2014/06/07/ 14:22", "2014-06-07T14:22:00"),
        (b"2001/ 1/27  1:42PM\0", "2001-01-27T13:42:00"),
        (b"2002-12-16  15:35:01\0\0", "2002-12-16T15:35:01"),
        (b"Mon Mar 10 15:04:43 2003\n\0", "2003-03-10T15:04:43"),
        (b"MON MAR 10 15:04:43 2003", "2003-03-10T15:04:43"),
        (b"1970-01-01 00:00:00", None),
        (b"\xff\xfe\xfd", None),
        (b"", None),
    ],
)
def test_forms_of_the_date_chunk(text: bytes, date: str | None) -> None:
    assert read_avi_date(avi(list_of(b"hdrl", chunk(b"avih", bytes(56)), chunk(b"IDIT", text)))) == date
    assert read_avi_date(avi(list_of(b"INFO", chunk(b"IDIT", text)))) == date


@pytest.mark.parametrize("order", [b"II", b"MM"])
@pytest.mark.parametrize(("place", "kind"), [(b"hydt", b"hymn"), (b"pntx", b"mknt")])
def test_maker_notes_of_pentax(order: bytes, place: bytes, kind: bytes) -> None:
    pictures = list_of(b"movi", chunk(b"00dc", b"IDIT" * 1000))
    content = avi(list_of(b"hdrl"), pictures, list_of(place, chunk(kind, pentax_note(order))))
    assert read_avi_date(content) == "2009-08-17T10:11:12"


@pytest.mark.parametrize("maker", [b"PENTDigital Camera", b"OLYMDigital Camera"])
def test_padding_of_pentax_and_olympus(maker: bytes) -> None:
    data = maker.ljust(0x83, b"\0") + b"Wed Jun 15 12:34:56 2011\0".ljust(60, b"\0")
    assert read_avi_date(avi(chunk(b"JUNK", data))) == "2011-06-15T12:34:56"


def test_the_date_chunk_comes_before_what_makers_add() -> None:
    note = list_of(b"hydt", chunk(b"hymn", pentax_note(b"MM")))
    assert (
        read_avi_date(avi(note, list_of(b"INFO", chunk(b"IDIT", b"2014/06/07/ 14:22"))))
        == "2014-06-07T14:22:00"
    )


def test_broken_files_have_none() -> None:
    whole = avi(list_of(b"hydt", chunk(b"hymn", pentax_note(b"MM")))).getvalue()
    for length in range(len(whole) - 5):
        read_avi_date(io.BytesIO(whole[:length]))
    for note in (
        pentax_note(b"XX"),
        b"PENTAX \0",
        b"PENTAX \0MM\xff\xff",
        pentax_note(b"MM", date=b"\0\0\0\0"),
    ):
        assert read_avi_date(avi(chunk(b"hymn", note))) is None
    assert read_avi_date(io.BytesIO(b"RIFF\0\0\0\0AVI " + b"JUNK\0\0\0\0" * 100_000)) is None


def test_the_chunk_counts_and_no_zone_is_made_up(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.avi", "-frames:v", "5", "-c:v", "mjpeg")
    content = path.read_bytes()
    size = int.from_bytes(content[16:20], "little")  # of the first list, `hdrl`
    for text, date in (
        (b"2014/06/07/ 14:22", "2014-06-07T14:22:00"),
        (b"Mon Mar 10 15:04:43 2003", "2003-03-10T15:04:43"),
    ):
        added = chunk(b"IDIT", text)
        head = content[:16] + (size + len(added)).to_bytes(4, "little") + content[20 : 20 + size]
        riff = struct.pack("<I", len(content) - 8 + len(added))
        path.write_bytes(head[:4] + riff + head[8:] + added + content[20 + size :])
        assert probe_file(source_of(path), Limits()).facts.capture.taken == date
