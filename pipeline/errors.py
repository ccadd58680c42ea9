"""Exit codes, failure codes, and the exceptions that carry them.

All outcomes that are reported to a person or a script are named here. The programs (`visualminer.py` and the
others) print an exception's sentence and exit with its code.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum, StrEnum


class ExitCode(IntEnum):
    """The exit status of a run."""

    OK = 0
    """Every photo and video was mined."""
    SOME_FAILED = 1
    """The run completed, but some files failed; the summary names each with its reason."""
    USAGE = 2
    """The command line or the pipeline file is wrong; nothing was mined."""
    ENVIRONMENT = 3
    """The environment does not allow it: output not writable, disk full, a model that does not load."""
    LOCKED = 4
    """Another run is using the output folder; nothing was mined."""
    INTERRUPTED = 130
    """Ctrl-C (SIGINT): inputs in progress were finished or dropped completely."""
    TERMINATED = 143
    """SIGTERM: as INTERRUPTED."""
    BROKEN_PIPE = 141
    """The reader of the program's output has closed the pipe."""


class FailureCode(StrEnum):
    """Why an input was not mined: stable words for scripts; people get a sentence as well."""

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
    FailureCode.EMPTY_FILE: "named like a photo or video, but it has no bytes",
    FailureCode.UNSUPPORTED_FORMAT: "named like a photo or video, but its content is neither",
    FailureCode.TRUNCATED: "the file ends too early or its data is damaged",
    FailureCode.TOO_LARGE: "more megapixels than --max-megapixels allows",
    FailureCode.NOT_A_REGULAR_FILE: "a pipe, a device or a socket",
    FailureCode.VANISHED: "deleted between listing and reading (skipped, not failed)",
    FailureCode.CHANGED_WHILE_READING: "it was written to while it was read",
    FailureCode.UNREADABLE: "no permission, or a read error of the disk",
    FailureCode.DIR_UNREADABLE: "a folder that could not be listed",
    FailureCode.OUTPUT_NAME_TAKEN: "a file that the miner did not write has the name of its output",
    FailureCode.UNREADABLE_VIDEO: "starts like a video, but ffmpeg cannot open it",
    FailureCode.NO_VIDEO_STREAM: "no video in it: only sound, perhaps with a cover picture",
    FailureCode.DECODER_FAILED: "ffmpeg is missing, has no decoder for it, decoded no frame, or was killed",
    FailureCode.DECODER_TIMEOUT: "ffmpeg returned nothing for a minute and was killed",
    FailureCode.TIMEOUT: "took longer than --timeout allows",
    FailureCode.OUT_OF_MEMORY: "needed more memory than is available",
    FailureCode.WORKER_CRASHED: "crashed the worker process that was mining it, twice",
    FailureCode.COMPONENT_FAILED: "a component raised an unexpected error",
}
"""One line for each failure code; docs/scripting.md says the same."""

FAILURE_ADVICE: dict[FailureCode, str] = {
    FailureCode.EMPTY_FILE: "copy it again from the camera or a backup; if there is none, delete it",
    FailureCode.UNSUPPORTED_FORMAT: (
        "open it in another program: if it is fine there, save it as JPEG or MP4; else it is "
        "damaged or misnamed"
    ),
    FailureCode.TRUNCATED: (
        "copy it again from the camera or a backup; on_truncated: salvage in the pipeline file "
        "mines what is there of a photo"
    ),
    FailureCode.TOO_LARGE: "allow more with --max-megapixels, if there is the memory: about 8 bytes a pixel",
    FailureCode.NOT_A_REGULAR_FILE: (
        "move it out of INPUT, or give it a name that does not end like a photo's"
    ),
    FailureCode.VANISHED: "nothing",
    FailureCode.CHANGED_WHILE_READING: (
        "run again when it is complete; --min-age SECONDS leaves such files to a later run"
    ),
    FailureCode.UNREADABLE: (
        "allow the user who mines to read it (chmod); after a read error, copy it to another disk"
    ),
    FailureCode.DIR_UNREADABLE: "allow the user who mines to list it (chmod)",
    FailureCode.OUTPUT_NAME_TAKEN: "move that file out of OUTPUT, or choose another OUTPUT",
    FailureCode.UNREADABLE_VIDEO: (
        "play it in another program: if it plays, ffmpeg -i FILE -c copy NEW.mkv repairs it; else "
        "copy it again from the camera or a backup"
    ),
    FailureCode.NO_VIDEO_STREAM: (
        "nothing: it has no pictures; move it out of INPUT if it is not to be listed"
    ),
    FailureCode.DECODER_FAILED: (
        "as the sentence says; if ffmpeg was killed, use fewer --workers and --retry-failed"
    ),
    FailureCode.DECODER_TIMEOUT: (
        "use --retry-failed when the disk is less busy; if it fails again, copy the file again"
    ),
    FailureCode.TIMEOUT: "allow more with --timeout, and use --retry-failed",
    FailureCode.OUT_OF_MEMORY: "use fewer --workers, and --retry-failed",
    FailureCode.WORKER_CRASHED: (
        "use --retry-failed, for example after an update; if it fails again, report it with the file"
    ),
    FailureCode.COMPONENT_FAILED: (
        "the log names the component and the error: if it is a plug-in's, tell its author; else report it"
    ),
}
"""What to do about each failure code; docs/scripting.md says the same."""


class MinerError(Exception):
    """An error with a sentence for the user; ends the run with `exit_code`."""

    exit_code: ExitCode = ExitCode.ENVIRONMENT


class UsageError(MinerError):
    """The command line is wrong."""

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
    """A model file is missing, damaged, or not of a kind that its reader supports."""


class OutputError(MinerError):
    """The output folder cannot be written: read-only, full, or not a folder."""


class LockedError(MinerError):
    """Another run is using the output folder."""

    exit_code = ExitCode.LOCKED


class OutputNameError(OutputError):
    """The name of one output cannot be used: it is taken by something else, or too long.

    A run over many sources reports this as the failure of one source; elsewhere it is an `OutputError`.
    """


class SourceError(Exception):
    """One input cannot be mined; the run continues without it.

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
