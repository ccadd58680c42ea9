"""Pipes with a timeout."""

from __future__ import annotations

import os
import threading

import pytest

from pipeline.errors import FailureCode, SourceError
from pipeline.videos.pipereader import PipeReader


@pytest.fixture
def pipe():
    """A pipe that times out at once."""
    opened = PipeReader(0.05, wide=True)
    yield opened
    opened.close()


def test_lines_one_by_one(pipe: PipeReader) -> None:
    os.write(pipe.write_end, b"1 2\n\n3\nhalf")
    assert [pipe.read_line() for _ in range(3)] == [b"1 2", b"", b"3"]
    pipe.close_write_end()
    assert pipe.read_line() is None


def test_all_lines(pipe: PipeReader) -> None:
    text = b"".join(b"%d\n" % number for number in range(50_000))
    writer = threading.Thread(target=lambda: (os.write(pipe.write_end, text), pipe.close_write_end()))
    writer.start()
    assert [int(line) for line in pipe.iter_lines()] == list(range(50_000))
    writer.join()


def test_buffers(pipe: PipeReader) -> None:
    buffer = bytearray(4)
    os.write(pipe.write_end, b"abcdef")
    assert pipe.read_into(memoryview(buffer))
    assert buffer == b"abcd"
    pipe.close_write_end()
    assert not pipe.read_into(memoryview(buffer))


def test_timeout(pipe: PipeReader) -> None:
    for read in (pipe.read_line, lambda: pipe.read_into(memoryview(bytearray(1)))):
        with pytest.raises(SourceError, match=r"ffmpeg gave nothing for 0\.05 s") as caught:
            read()
        assert caught.value.code is FailureCode.DECODER_TIMEOUT


def test_collects_no_more_than_it_should(pipe: PipeReader) -> None:
    collector = pipe.collect(10)
    os.write(pipe.write_end, b"first\nsecond\nthird\n")
    pipe.close_write_end()
    assert collector.lines() == ["first", "seco"]


def test_closing_leaves_no_descriptor_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        pipe = PipeReader()
        pipe.collect()
        pipe.close()
    assert len(os.listdir("/proc/self/fd")) == before
