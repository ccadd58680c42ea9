"""Errors while one source is mined: which component caused them, and which end only that source's mining."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Generic, TypeVar

from pipeline.component import Component
from pipeline.errors import FailureCode, MinerError, OutputNameError, SourceError
from pipeline.files.outputs import noting_outputs
from pipeline.frame import Frame
from pipeline.text import one_line

READING = "reading it"
"""What an error of the reader is attributed to."""

S = TypeVar("S")
_log = logging.getLogger(__name__)


def describe(component: Component) -> str:
    """A component as error sentences call it."""
    return f'component "{component.name}"'


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that there is no memory left; OpenCV has one of its own for it."""
    return isinstance(error, MemoryError) or "Insufficient memory" in str(error)


@contextlib.contextmanager
def source_errors() -> Iterator[None]:
    """Turn errors that end the mining of one source only into a `SourceError`."""
    try:
        yield
    except OutputNameError as error:
        raise SourceError(FailureCode.OUTPUT_NAME_TAKEN, str(error)) from None
    except MemoryError:
        raise SourceError(
            FailureCode.OUT_OF_MEMORY, "needed more memory than there is; fewer --workers leave more for each"
        ) from None


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
        if is_out_of_memory(error):
            raise MemoryError from None
        _log.debug("traceback of an unexpected error", exc_info=True)
        raise SourceError(FailureCode.COMPONENT_FAILED, f"{cause} raised {one_line(error)}") from error


@contextlib.contextmanager
def attributed_session(
    component: Component, session: AbstractContextManager[S], noted: list[Path]
) -> Iterator[S]:
    """Enter a writer's session; errors and outputs of its beginning and its end are attributed to the writer.

    An error inside the block is raised as it is, even if the session's end raises another because of it: a
    full disk refuses to close a file that it refused to write, and only the first error says why.

    Args:
        noted: receives the paths of the outputs.
    """
    first: BaseException | None = None
    try:
        with attribute_errors_to(describe(component)), _Noting(session, noted) as opened:
            try:
                yield opened
            except BaseException as error:
                first = error
                raise
    except BaseException as error:
        if first is None or error is first:
            raise
        _log.debug("traceback of a second error, at the end of a session", exc_info=True)
        raise first from None


class _Noting(Generic[S]):
    """A session; the outputs that get their names when it begins or ends are added to a list."""

    def __init__(self, session: AbstractContextManager[S], noted: list[Path]) -> None:
        self._session, self._noted = session, noted

    def __enter__(self) -> S:
        with noting_outputs(self._noted):
            return self._session.__enter__()

    def __exit__(self, *error: Any) -> bool | None:
        with noting_outputs(self._noted):
            return self._session.__exit__(*error)


def next_frame(frames: Iterator[Frame]) -> Frame | None:
    """Read the next frame; None at the end."""
    with attribute_errors_to(READING):
        return next(frames, None)
