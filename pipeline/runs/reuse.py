"""Outputs of a renamed input: written for the new name from those of the old one, without mining.

The old outputs stay; `pipeline.runs.prune` removes them once their input is known to be gone.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from inspect import getattr_static
from pathlib import Path
from typing import NamedTuple

from pipeline.component import Writer
from pipeline.errors import OutputNameError
from pipeline.files.outputs import output_path, output_suffix
from pipeline.ledger.record import Record

WriterType = type[Writer]


def can_reuse_outputs(writers: Collection[WriterType]) -> bool:
    """Whether all of these writers recognize their own outputs, as `Writer` itself does not."""
    unable = getattr_static(Writer, "owns")
    return all(getattr_static(writer, "owns") is not unable for writer in writers)


def reads_files_beside(writers: Collection[WriterType]) -> bool:
    """Whether one of these writers reads files beside an input, such as sidecars."""
    unread = getattr_static(Writer, "files_beside")
    return any(getattr_static(writer, "files_beside") is not unread for writer in writers)


class _Reused(NamedTuple):
    """One output for the old name, and where it belongs for the new one."""

    writer: WriterType
    output: Path
    target: Path


def reuse_outputs(
    earlier: Record,
    source_path: str,
    relative: str,
    output_root: Path,
    writers: Collection[WriterType],
) -> tuple[str, ...] | None:
    """Write the outputs of an input under its new name.

    The outputs of writers that are `finished_last` come last: if one of them is there, all are.

    Args:
        earlier: the input's record under its old name; its outputs exist.
        source_path: where the input is now, absolute.
        relative: its path under INPUT.
        output_root: the folder that holds the outputs.
        writers: of the pipeline that made them.
    Returns: the names of the outputs; None if they cannot be reused and the input has to be mined.
    Raises: OutputError: the output folder cannot be written.
    """
    folder = output_path(output_root, earlier.relative, "").parent
    reused = []
    for name in earlier.outputs:
        suffix = output_suffix(name, os.path.basename(earlier.relative))
        if suffix is None or (writer := _owner(folder / name, suffix, writers)) is None:
            return None
        target = output_path(output_root, relative, suffix)
        if target != folder / name and not _is_free(target, suffix, writer):
            return None
        reused.append(_Reused(writer, folder / name, target))
    try:
        for writer, output, target in sorted(reused, key=lambda one: one.writer.finished_last):
            writer.rename(output, target, source_path)
    except (ValueError, FileNotFoundError, OutputNameError):  # mining the input reports what is wrong
        return None
    return tuple(one.target.name for one in reused)


def _owner(output: Path, suffix: str, writers: Collection[WriterType]) -> WriterType | None:
    """The writer that made an output, or None if no writer recognizes it."""
    try:
        if output.is_file():
            return next((writer for writer in writers if writer.owns(output, suffix)), None)
    except OSError:
        pass
    return None


def _is_free(target: Path, suffix: str, writer: WriterType) -> bool:
    """Whether an output may be written there: nothing exists, or an output of the same writer."""
    try:
        return not os.path.lexists(target) or (target.is_file() and writer.owns(target, suffix))
    except OSError:
        return False
