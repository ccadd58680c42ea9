"""Components whose own checks of their params fail."""

from __future__ import annotations

from pydantic import field_validator

from pipeline.component import Detector, Params


class BadCheck(Detector):
    """Raises in check()."""

    @classmethod
    def check(cls, params):
        """Stumble."""
        raise LookupError("no\nsuch thing")

    def detect(self, frame, regions):
        """Never comes to it."""
        return []


class BadParamsParams(Params):
    """Raises in a validator what pydantic does not catch."""

    word: str = ""

    @field_validator("word")
    @classmethod
    def _check(cls, word):
        raise LookupError("no such word")


class BadParams(Detector):
    """Raises while it checks its params."""

    Params = BadParamsParams

    def detect(self, frame, regions):
        """Never comes to it."""
        return []


class NoComponent:
    """Neither detector nor writer."""
