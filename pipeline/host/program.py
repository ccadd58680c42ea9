"""What all command line programs of this project have in common: errors in one line, and exit statuses."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, Protocol

from pipeline import __version__
from pipeline.errors import ExitCode, MinerError
from pipeline.host.command import program_name
from pipeline.text import did_you_mean, escaped


class OneLineParser(argparse.ArgumentParser):
    """A parser that reports an error in one line, without the usage, which --help shows."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse the arguments; an unknown option ends the program with a suggestion."""
        found, rest = self.parse_known_args(args, namespace)
        if rest:
            options = [word.partition("=")[0] for word in rest if word.startswith("-")]
            if not options:
                self.error(f"unrecognized arguments: {escaped(' '.join(rest))}")
            known = [name for name in self._option_string_actions if name.startswith("--")]
            self.error(f"there is no option {escaped(options[0])}{did_you_mean(options[0], known)}")
        return found

    def error(self, message: str) -> NoReturn:
        """Print what is wrong with the command line, and exit."""
        self.exit(ExitCode.USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


class Command(Protocol):
    """A module with one subcommand of a program."""

    def add_to(self, commands: Any) -> None:
        """Add the subcommand to what `add_subparsers` gave."""


def commands_parser(
    program: str, description: str, commands: Iterable[Command], example: str
) -> OneLineParser:
    """The parser of a program with subcommands.

    Args:
        program: its console script.
        description: what the program does.
        commands: its subcommands, in the order of the help.
        example: the subcommand whose `--help` is named as an example.
    """
    name = program_name(program)
    parser = OneLineParser(
        prog=name,
        description=description,
        epilog=f"Each command explains its arguments: {name} {example} --help",
    )
    parser.add_argument("--version", action="version", version=f"Deep Visual Miner {__version__}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in commands:
        command.add_to(subparsers)
    return parser


def exit_status(act: Callable[[], int], *, interrupted: str = "interrupted") -> int:
    """Call a function and return the program's exit status, with the errors that end a program as sentences.

    Args:
        act: does what the command line says; returns an exit status.
        interrupted: what is printed after Ctrl-C; nothing if empty.
    """
    try:
        status = act()
        sys.stdout.flush()
        return int(status)
    except MinerError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        if interrupted:
            print(interrupted, file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        for stream in (sys.stdout, sys.stderr):  # or Python complains at its exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return ExitCode.BROKEN_PIPE
