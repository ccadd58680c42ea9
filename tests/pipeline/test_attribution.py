"""Errors while a source is mined, and what they are attributed to."""

from __future__ import annotations

import contextlib

import pytest

from pipeline.attribution import (
    READING,
    attribute_errors_to,
    attributed_session,
    describe,
    next_frame,
    source_errors,
)
from pipeline.component import Component
from pipeline.errors import FailureCode, MinerError, OutputNameError, SourceError

FACES = Component("faces", None)


def test_an_unexpected_exception_names_its_component_on_one_line() -> None:
    for error in (ValueError("first\n  second"), SystemExit("first second")):
        with pytest.raises(SourceError) as caught, attribute_errors_to(describe(FACES)):
            raise error
        assert caught.value.code is FailureCode.COMPONENT_FAILED
        name = type(error).__name__
        assert caught.value.sentence == f'component "faces" raised {name}: first second'


@pytest.mark.parametrize(
    "error", [SourceError(FailureCode.TRUNCATED, "it ends too early"), MinerError("no disk"), MemoryError()]
)
def test_errors_that_say_what_is_wrong_pass(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, attribute_errors_to(READING):
        raise error
    assert caught.value is error


def test_errors_that_end_one_source_only() -> None:
    for error, code in (
        (OutputNameError("taken"), FailureCode.OUTPUT_NAME_TAKEN),
        (MemoryError(), FailureCode.OUT_OF_MEMORY),
    ):
        with pytest.raises(SourceError) as caught, source_errors():
            raise error
        assert caught.value.code is code
    with pytest.raises(KeyboardInterrupt), source_errors():
        raise KeyboardInterrupt


def test_a_session_that_fails_at_its_beginning_or_its_end_is_its_writers_failure() -> None:
    @contextlib.contextmanager
    def session(fails: str):
        if fails == "beginning":
            raise OSError("no room")
        yield 7
        raise OSError("no room")

    for fails in ("beginning", "end"):
        with pytest.raises(SourceError, match='component "faces" raised OSError: no room'):
            open_and_close(attributed_session(FACES, session(fails), []))


def open_and_close(session: contextlib.AbstractContextManager[int]) -> None:
    with session as opened:
        assert opened == 7


def test_frames_that_cannot_be_read() -> None:
    assert next_frame(iter(())) is None

    def broken():
        raise ValueError("of this frame")
        yield

    with pytest.raises(SourceError, match="reading it raised ValueError: of this frame"):
        next_frame(broken())
