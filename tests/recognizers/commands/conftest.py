"""Runs the front door in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

import facerec_train


class Said(NamedTuple):
    """What a command line gave."""

    code: int
    out: str
    err: str


@pytest.fixture
def facerec(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """`facerec("stats", folder)` runs `facerec_train.py stats FOLDER`."""

    def run(*words: object) -> Said:
        try:
            code = facerec_train.main([str(word) for word in words])
        except SystemExit as end:
            code = int(end.code or 0)
        return Said(code, *capsys.readouterr())

    return run
