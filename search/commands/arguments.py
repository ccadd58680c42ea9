"""Arguments and helpers that the subcommands of visualsearch.py share."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from collections.abc import Callable
from typing import Any

from pipeline.errors import ExitCode
from pipeline.host.command import program_name

Command = Callable[[argparse.Namespace], ExitCode]

_HELP_COLUMNS = 78


def add_command(
    commands: Any, name: str, run: Command, *, short: str, long: str, example: str
) -> argparse.ArgumentParser:
    """Declare a subcommand.

    Args:
        commands: what `add_subparsers` gave.
        name: the word on the command line.
        run: executes the subcommand.
        short: one line for the list of commands.
        long: the full description.
        example: a command line, without the program's name.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=short,
        description=textwrap.fill(long, _HELP_COLUMNS),
        epilog=f"example: {program_name('visualsearch')} {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_output(parser: argparse.ArgumentParser) -> None:
    """Declare OUTPUT and `--index`."""
    parser.add_argument("output", metavar="OUTPUT", help="the folder that visualminer mined into")
    parser.add_argument(
        "--index",
        metavar="FILE",
        help="the index file (default: in OUTPUT); useful if OUTPUT is on a network disk",
    )


def add_backend(parser: argparse.ArgumentParser) -> None:
    """Declare `--backend`."""
    parser.add_argument(
        "--backend",
        metavar="URL",
        help="search the database or Solr core that the command load filled, not the index in OUTPUT",
    )


def whole_number(text: str) -> int:
    """Parse a whole number, 0 or more.

    Raises: argparse.ArgumentTypeError: it is not one.
    """
    if not text.isdecimal() or len(text) > 9:
        raise argparse.ArgumentTypeError(f'expected a whole number, got "{text}"')
    return int(text)


def terminal_columns() -> int:
    """The width of the terminal, 100 if it is unknown."""
    return shutil.get_terminal_size((100, 24)).columns
