"""Writers that fail at each step."""

from __future__ import annotations

import contextlib
import errno
from typing import Any, Literal

from pipeline.component import Params, Writer
from pipeline.files.outputs import output_errors


class FailsParams(Params):
    """`at` says when."""

    at: Literal["open", "enter", "write", "exit"]


class Fails(Writer):
    """Raises OSError when its output is opened, begun, written or ended."""

    Params = FailsParams
    params: Any

    def open(self, source, facts, output_root):
        """A session that fails."""
        self._fail("open")
        return self._session()

    @contextlib.contextmanager
    def _session(self):
        self._fail("enter")
        yield self
        self._fail("exit")

    def write(self, frame, result):
        """Fail, or nothing."""
        self._fail("write")

    def _fail(self, at):
        if self.params.at == at:
            raise OSError(5, f"trouble at {at}")


class FailsTwice(Writer):
    """Finds the disk full when it writes, and raises an error of its own when it then closes its file."""

    @contextlib.contextmanager
    def open(self, source, facts, output_root):
        """A session that fails twice."""
        self.path = output_root / "x"
        try:
            yield self
        finally:
            raise OSError(errno.EIO, "trouble at exit")

    def write(self, frame, result):
        """Meet a full disk."""
        with output_errors(self.path):
            raise OSError(errno.ENOSPC, "No space left on device")
