"""Pipes with patience."""

from __future__ import annotations

import os
import threading

import pytest

from pipeline.errors import FailureCode, SourceError
from pipeline.videos.pipereader import Channel


@pytest.fixture
def channel():
    """A channel whose patience ends at once."""
    opened = Channel(0.05, wide=True)
    yield opened
    opened.close()


def test_lines_one_by_one(channel: Channel) -> None:
    os.write(channel.write_end, b"1 2\n\n3\nhalf")
    assert [channel.read_line() for _ in range(3)] == [b"1 2", b"", b"3"]
    channel.close_write_end()
    assert channel.read_line() is None


def test_all_lines(channel: Channel) -> None:
    text = b"".join(b"%d\n" % number for number in range(50_000))
    writer = threading.Thread(target=lambda: (os.write(channel.write_end, text), channel.close_write_end()))
    writer.start()
    assert [int(line) for line in channel.iter_lines()] == list(range(50_000))
    writer.join()


def test_buffers(channel: Channel) -> None:
    buffer = bytearray(4)
    os.write(channel.write_end, b"abcdef")
    assert channel.read_into(memoryview(buffer))
    assert buffer == b"abcd"
    channel.close_write_end()
    assert not channel.read_into(memoryview(buffer))


def test_patience_ends(channel: Channel) -> None:
    for read in (channel.read_line, lambda: channel.read_into(memoryview(bytearray(1)))):
        with pytest.raises(SourceError, match=r"ffmpeg gave nothing for 0\.05 s") as caught:
            read()
        assert caught.value.code is FailureCode.DECODER_TIMEOUT


def test_collects_no_more_than_it_should(channel: Channel) -> None:
    collector = channel.collect(10)
    os.write(channel.write_end, b"first\nsecond\nthird\n")
    channel.close_write_end()
    assert collector.lines() == ["first", "seco"]


def test_closing_leaves_no_descriptor_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        channel = Channel()
        channel.collect()
        channel.close()
    assert len(os.listdir("/proc/self/fd")) == before
