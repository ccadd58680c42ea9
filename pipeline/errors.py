"""Exit codes, failure codes, and the exceptions that carry them.

Everything that a person or a script can be told about a run is named here; the front doors
(`visualminer.py` and its siblings) print an exception's sentence and exit with its code.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum, StrEnum


class ExitCode(IntEnum):
    """What a run's exit status says."""

    OK = 0
    """Every photo and video was mined."""
    SOME_FAILED = 1
    """The run came to its end, but some files failed; the summary names each with its reason."""
    USAGE = 2
    """The command line or the pipeline file is wrong; nothing was mined."""
    ENVIRONMENT = 3
    """The machine does not allow it: output not writable, disk full, a model that does not load."""
    LOCKED = 4
    """Another run has the output folder; nothing was mined."""
    INTERRUPTED = 130
    """Ctrl-C (SIGINT): what was in hand was finished or dropped whole."""
    TERMINATED = 143
    """SIGTERM: as INTERRUPTED."""
    BROKEN_PIPE = 141
    """Whatever read the program's output went away."""


class FailureCode(StrEnum):
    """Why one input was not mined: stable words for scripts, beside a sentence for people."""

    EMPTY_FILE = "empty_file"
    UNSUPPORTED_FORMAT = "unsupported_format"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    NOT_A_REGULAR_FILE = "not_a_regular_file"
    VANISHED = "vanished"
    CHANGED_WHILE_READING = "changed_while_reading"
    UNREADABLE = "unreadable"
    DIR_UNREADABLE = "dir_unreadable"
    OUTPUT_NAME_TAKEN = "output_name_taken"
    UNREADABLE_VIDEO = "unreadable_video"
    NO_VIDEO_STREAM = "no_video_stream"
    DECODER_FAILED = "decoder_failed"
    DECODER_TIMEOUT = "decoder_timeout"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    WORKER_CRASHED = "worker_crashed"
    COMPONENT_FAILED = "component_failed"


FAILURE_MEANINGS: dict[FailureCode, str] = {
    FailureCode.EMPTY_FILE: "a photo or video by its name, with no bytes in it",
    FailureCode.UNSUPPORTED_FORMAT: "a photo or video by its name, but not by its content",
    FailureCode.TRUNCATED: "the file ends too early or its data is damaged",
    FailureCode.TOO_LARGE: "more megapixels than --max-megapixels allows",
    FailureCode.NOT_A_REGULAR_FILE: "a pipe, a device or a socket",
    FailureCode.VANISHED: "gone between being listed and being read (skipped, not failed)",
    FailureCode.CHANGED_WHILE_READING: "somebody was writing to it while it was read",
    FailureCode.UNREADABLE: "no permission, or the disk would not read it",
    FailureCode.DIR_UNREADABLE: "a folder that could not be listed",
    FailureCode.OUTPUT_NAME_TAKEN: "something that the miner did not write stands where its output belongs",
    FailureCode.UNREADABLE_VIDEO: "a video by its first bytes, but nothing that ffmpeg can open",
    FailureCode.NO_VIDEO_STREAM: "no moving pictures in it: sound alone, perhaps with a cover",
    FailureCode.DECODER_FAILED: "ffmpeg is missing, has no decoder for it, decoded no frame or was killed",
    FailureCode.DECODER_TIMEOUT: "ffmpeg gave nothing for a minute and was killed",
    FailureCode.TIMEOUT: "took longer than --timeout allows",
    FailureCode.OUT_OF_MEMORY: "needed more memory than there is",
    FailureCode.WORKER_CRASHED: "killed the worker process that had it in hand, twice",
    FailureCode.COMPONENT_FAILED: "a component raised an error that it should not",
}
"""One line for each failure code; docs/scripting.md says the same."""


class MinerError(Exception):
    """An error with a sentence for the user; ends the run with `exit_code`."""

    exit_code: ExitCode = ExitCode.ENVIRONMENT


class UsageError(MinerError):
    """The command line asks for something that cannot be."""

    exit_code = ExitCode.USAGE


class PipelineFileError(MinerError):
    """One or more mistakes in a pipeline file.

    Args:
        problems: one line for each mistake, each starting with `FILE:LINE:`.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class ModelError(MinerError):
    """A model file that is missing, damaged, or not what its reader can read."""


class OutputError(MinerError):
    """The output folder cannot be written: read-only, full, or not a folder."""


class LockedError(MinerError):
    """Another run has the output folder."""

    exit_code = ExitCode.LOCKED


class OutputNameError(OutputError):
    """One output's name cannot be had: something else stands there, or it is too long.

    For whoever mines many sources this is one source's failure; for others it is an `OutputError`.
    """


class SourceError(Exception):
    """One input cannot be mined; the run goes on without it.

    Args:
        code: the reason, for scripts.
        sentence: the reason, for people; does not repeat the file's name.
    """

    def __init__(self, code: FailureCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence

    def __reduce__(self) -> tuple[type[SourceError], tuple[FailureCode, str]]:
        return type(self), (self.code, self.sentence)
