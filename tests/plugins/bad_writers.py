"""Writers that fail at each step."""

from __future__ import annotations

import contextlib
from typing import Any, Literal

from pipeline.component import Params, Writer


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
