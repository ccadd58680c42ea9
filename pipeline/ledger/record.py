"""What the ledger keeps about one input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pipeline.formats import results_fingerprint
from pipeline.outcome import Status
from pipeline.source import Stamp


class Context(NamedTuple):
    """What decides the result of an input besides the input itself.

    Args:
        root: the folder that inputs' paths are relative to, absolute.
        pipeline: the pipeline's fingerprint, see `of_format`.
        limits: what else decides about an input that is not mined: what the command line allows it to cost,
            and the program's version.
    """

    root: str
    pipeline: str
    limits: str

    def of_format(self, format_: str | None) -> Context:
        """The same context for an input of this format, a word of `pipeline.formats.FORMATS`."""
        pipeline = results_fingerprint(self.pipeline, format_)
        return self if pipeline is self.pipeline else self._replace(pipeline=pipeline)


@dataclass(frozen=True, slots=True)
class Record:
    """The result of one input.

    Args:
        relative: its path under the context's root, as `os.fsdecode` gives it.
        stamp: what the file system said about it.
        context: of the run that came to this result.
        status: mined, failed or ignored.
        format: a word of `pipeline.formats.FORMATS`; None if it is neither photo nor video, or unknown.
        code: the failure code; None if it did not fail.
        sentence: the reason for people.
        frames: how many frames were mined.
        duration_s: how long that took.
        sha256: of its content, hexadecimal; None if it was not computed.
        outputs: names of the files made from it, in its own output folder.
        older_outputs: names of files that earlier pipelines made from it and this one did not.
        attempts: how many times in a row it failed in this context.
        is_reported: whether a run that completed has listed the failure.
    """

    relative: str
    stamp: Stamp
    context: Context
    status: Status
    format: str | None = None
    code: str | None = None
    sentence: str = ""
    frames: int = 0
    duration_s: float = 0.0
    sha256: str | None = None
    outputs: tuple[str, ...] = ()
    older_outputs: tuple[str, ...] = ()
    attempts: int = 0
    is_reported: bool = True
