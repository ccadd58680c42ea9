"""Errors while one source is mined: which component caused them, and which end only that source's mining."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

from pipeline.component import Component
from pipeline.errors import FailureCode, MinerError, OutputNameError, SourceError
from pipeline.frame import Frame
from pipeline.text import one_line

READING = "reading it"
"""What an error of the reader is attributed to."""

S = TypeVar("S")
_log = logging.getLogger(__name__)


def describe(component: Component) -> str:
    """A component as error sentences call it."""
    return f'component "{component.name}"'


@contextlib.contextmanager
def source_errors() -> Iterator[None]:
    """Turn errors that end the mining of one source only into a `SourceError`."""
    try:
        yield
    except OutputNameError as error:
        raise SourceError(FailureCode.OUTPUT_NAME_TAKEN, str(error)) from None
    except MemoryError:
        raise SourceError(FailureCode.OUT_OF_MEMORY, "needed more memory than there is") from None


@contextlib.contextmanager
def attribute_errors_to(cause: str) -> Iterator[None]:
    """Turn an unexpected exception into a `SourceError` that names its cause.

    Args:
        cause: `READING`, or a component as `describe` gives it.
    Raises: SourceError, MinerError, MemoryError: as they were raised, or a `SourceError` for any other.
    """
    try:
        yield
    except (SourceError, MinerError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        if "Insufficient memory" in str(error):  # OpenCV's own exception for it
            raise MemoryError from None
        _log.debug("traceback of an unexpected error", exc_info=True)
        raise SourceError(FailureCode.COMPONENT_FAILED, f"{cause} raised {one_line(error)}") from error


@contextlib.contextmanager
def attributed_session(component: Component, session: AbstractContextManager[S]) -> Iterator[S]:
    """Enter a writer's session; errors of its beginning and its end are attributed to the writer."""
    with attribute_errors_to(describe(component)), session as opened:
        yield opened


def next_frame(frames: Iterator[Frame]) -> Frame | None:
    """Read the next frame; None at the end."""
    with attribute_errors_to(READING):
        return next(frames, None)
