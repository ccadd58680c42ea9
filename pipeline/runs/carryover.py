"""What was made of an input serves for another name of it: pictures as they are, reports with the new name.

Nothing is taken away from the other name: whether the input is gone from there is for `pipeline.runs.prune`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from annotators.mark import is_marked
from pipeline.errors import OutputNameError
from pipeline.files.outputs import output_errors, output_path, replace_file
from pipeline.ledger.ledger import Record
from reporters.reportfile import is_own_report, iter_under_other_name

_REPORT = ".json"


def carry_over(earlier: Record, source_path: str, relative: str, output_root: Path) -> tuple[str, ...] | None:
    """Make the outputs of an input that is mined already, under another name or in another place.

    Reports come last, so that one that is there says that everything is.

    Args:
        earlier: what the ledger has of the input as it was called before; its outputs are there.
        source_path: where the input is now, absolute.
        relative: its path under INPUT.
        output_root: the folder that holds the outputs.
    Returns: the names of the outputs; None where they cannot be made so and the input is to be mined.
    Raises: OutputError: the output folder cannot be written.
    """
    before = os.path.basename(earlier.relative)
    if not all(name.startswith(before) for name in earlier.outputs):  # a long name that was cut
        return None
    folder = output_path(output_root, earlier.relative, "").parent
    targets = [output_path(output_root, relative, name[len(before) :]) for name in earlier.outputs]
    pairs = [(folder / name, target) for name, target in zip(earlier.outputs, targets, strict=True)]
    if not all(_is_free(target, output) for output, target in pairs):
        return None
    try:
        for output, target in sorted(pairs, key=lambda pair: pair[0].suffix == _REPORT):
            if output.suffix == _REPORT:
                _write_renamed(output, target, source_path)
            elif output != target:
                _write_copy(output, target)
    except (ValueError, FileNotFoundError, OutputNameError):  # not as the ledger has it; mining it says so
        return None
    return tuple(target.name for target in targets)


def _is_free(target: Path, output: Path) -> bool:
    """Whether nobody's own file stands there."""
    try:
        if target.suffix == _REPORT:
            return is_own_report(target)
        return target == output or is_marked(target)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _write_renamed(report: Path, target: Path, source_path: str) -> None:
    pieces = iter_under_other_name(report, source_path)
    with replace_file(target) as stream:
        for piece in pieces:
            with output_errors(target):
                stream.write(piece)


def _write_copy(output: Path, target: Path) -> None:
    """A copy of its own: who edits one does not edit the other."""
    with open(output, "rb") as content, replace_file(target) as stream, output_errors(target):
        shutil.copyfileobj(content, stream, 1 << 20)
