"""Train the face recognizer: crop faces, measure, resize and list pictures, train a model and test it.

facerec_train.py COMMAND ...; facerec_train.py --help names the commands.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence

from pipeline.errors import ExitCode, SourceError
from pipeline.host.libraries import configure, configure_imaging
from pipeline.host.processes import open_standard_streams
from pipeline.host.program import commands_parser, exit_status
from recognizers.commands import (
    correct,
    crop,
    detect,
    detectvideo,
    import_regions,
    list_csv,
    recognize,
    recognizemany,
    resize,
    split,
    stats,
    test,
    train,
    unknown,
)
from recognizers.commands.arguments import Lines, check_options

_COMMANDS = (
    crop,
    import_regions,
    stats,
    resize,
    list_csv,
    train,
    test,
    unknown,
    correct,
    split,
    recognize,
    detect,
    recognizemany,
    detectvideo,
)


def _parser() -> argparse.ArgumentParser:
    description = "Train the face recognizer: crop faces, then stats, resize, csv, train and test."
    return commands_parser("facerec-train", description, _COMMANDS, "train")


def _print_all(lines: Lines) -> ExitCode:
    """Print the lines of a command as they come; return its exit code."""
    while True:
        try:
            line = next(lines)
        except StopIteration as end:
            return end.value or ExitCode.OK
        print(line, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    parser = _parser()
    words = list(sys.argv[1:] if arguments is None else arguments)
    check_options(parser, words)
    options = parser.parse_args(words)
    configure_imaging()

    def act() -> int:
        try:
            return _print_all(options.run(options))
        except SourceError as error:
            print(error.sentence, file=sys.stderr)
            return ExitCode.SOME_FAILED

    return exit_status(act)


def run() -> int:
    """Set this process up for the program and run it; returns the exit status. The console script's entry."""
    open_standard_streams()
    configure()
    return main()


if __name__ == "__main__":
    sys.exit(run())
