"""Shared parts of the subcommands' arguments: flags given as 0 or 1 or by name, and conversions."""

from __future__ import annotations

import argparse
import shlex
import textwrap
from collections.abc import Callable, Generator, Sequence
from typing import Any

from pipeline.errors import ExitCode, UsageError
from pipeline.host.command import command, program_name
from pipeline.text import did_you_mean, printable
from recognizers.model.facemodel import available, read_facemodel
from recognizers.model.strategies import CLASSIC, EIGEN, EMBEDDING, FISCHER, LBP, TITLES

PROGRAM = program_name("facerec-train")
"""The program as its usage text names it."""

TYPED = command("facerec-train")
"""The program as the user types it, for the commands in messages."""

Lines = Generator[str, None, ExitCode | None]
"""The lines that a command prints, and its exit code at the end; None for success."""

Command = Callable[[argparse.Namespace], Lines]

_HELP_COLUMNS = 78
_OPTION_OF = {EIGEN: "eigen", FISCHER: "fisher", LBP: "lbph"}


def add_command(
    commands: Any, name: str, run: Command, *, short: str, long: str, example: str
) -> argparse.ArgumentParser:
    """Add a subcommand.

    Args:
        commands: the result of `add_subparsers`.
        name: the word on the command line.
        run: the function that runs it.
        short: one line for the list of commands.
        long: the full description.
        example: a command line, without the program's name.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=short,
        description=textwrap.fill(long, _HELP_COLUMNS),
        epilog=f"example: {PROGRAM} {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,  # keeps the example on one line
    )
    parser.set_defaults(run=run)
    return parser


def check_options(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Exit with a suggestion if there is no such subcommand or option; argparse blames a later word instead.

    Args:
        parser: of the program, with its subcommands.
        words: of the command line.
    """
    commands: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            commands = action.choices
    named = next((word for word in words if word in commands), None)
    if named is None:
        if words and not words[0].startswith("-"):
            parser.error(f'there is no command "{printable(words[0])}"{did_you_mean(words[0], commands)}')
        return
    command = commands[named]
    known = command._option_string_actions
    for word in words[: words.index("--") if "--" in words else None]:
        option = word.partition("=")[0]
        if option.startswith("--") and not any(other.startswith(option) for other in known):
            command.error(f"there is no option {option}{did_you_mean(option, known)}")


def add_flag(
    parser: argparse.ArgumentParser, name: str, *, default: bool | None, help_: str, also: str | None = None
) -> None:
    """Add a flag that can be given as a positional 0 or 1, as in 2017, or as an option.

    Args:
        parser: of a subcommand.
        name: of the options `--name` and `--no-name`.
        default: the value if it is not given; None if the command decides.
        help_: its meaning.
        also: another spelling of the option.
    """
    shown = {True: "default: yes", False: "default: no", None: ""}[default]
    positional = parser.add_argument(
        f"{name}_position", nargs="?", type=_zero_or_one, metavar=name.upper(), help=f"0 or 1: {help_}"
    )
    positional.default = None
    spellings = [f"--{name}"] + ([f"--{also}"] if also else [])
    parser.add_argument(
        *spellings,
        dest=f"{name}_option",
        action=argparse.BooleanOptionalAction,
        default=None,
        help=f"the same by name{'; ' + shown if shown else ''}",
    )
    parser.set_defaults(**{f"{name}_default": default})


def flag(options: argparse.Namespace, name: str) -> bool | None:
    """Return the value of a flag, or its default.

    Raises: UsageError: it is given twice with different values.
    """
    position, option = getattr(options, f"{name}_position"), getattr(options, f"{name}_option")
    if position is not None and option is not None and position != option:
        named = f"--{name}" if option else f"--no-{name}"
        raise UsageError(f"{name.upper()} is {int(position)} and {named} is given; leave one of them out")
    given: bool | None = position if position is not None else option
    default: bool | None = getattr(options, f"{name}_default")
    return default if given is None else given


def add_classic_strategies(parser: argparse.ArgumentParser, verb: str, default: str) -> None:
    """Add the flags of the three classic strategies, which may be left out.

    Args:
        parser: of a subcommand.
        verb: as in "train Eigenfaces".
        default: description of the default.
    """
    for strategy in CLASSIC:
        also = FISCHER if strategy == FISCHER else None
        help_ = f"whether to {verb} {TITLES[strategy]} (default: {default})"
        add_flag(parser, _OPTION_OF[strategy], default=None, help_=help_, also=also)


def add_strategies(parser: argparse.ArgumentParser, verb: str) -> None:
    """Add the flags of all strategies of a model; `verb` as in "test Eigenfaces"."""
    add_classic_strategies(parser, verb, "if the model has it")
    parser.add_argument(
        "--embedding",
        action=argparse.BooleanOptionalAction,
        default=None,
        help=f"whether to {verb} the strategy embedding (default: if the model has it)",
    )


def classic_flags(options: argparse.Namespace) -> dict[str, bool | None]:
    """Return classic strategy -> value of its flag; None if it is not given."""
    return {strategy: flag(options, _OPTION_OF[strategy]) for strategy in CLASSIC}


def chosen_strategies(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the strategies of MODELDIR that the flags select.

    Raises: UsageError: they select none; ModelError: the model's record cannot be read.
    """
    there = available(options.modeldir, read_facemodel(options.modeldir))
    flags = {**classic_flags(options), EMBEDDING: options.embedding}
    chosen = tuple(
        strategy for strategy, asked in flags.items() if (strategy in there if asked is None else asked)
    )
    if there and not chosen:
        raise UsageError("all strategies of the model are switched off; switch one on")
    return chosen


def _zero_or_one(text: str) -> bool:
    if text not in ("0", "1"):
        raise argparse.ArgumentTypeError(f'expected 0 or 1, got "{text}"')
    return text == "1"


def pixels(text: str) -> int:
    """Parse a number of pixels, 1 to 10000."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if not 1 <= value <= 10_000:
        raise argparse.ArgumentTypeError(f'expected a whole number of pixels from 1 to 10000, got "{text}"')
    return value


def share(text: str) -> float:
    """Parse a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f'expected a number from 0 to 1, got "{text}"')
    return value


def positive(text: str) -> float:
    """Parse a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e12:
        raise argparse.ArgumentTypeError(f'expected a number above 0, got "{text}"')
    return value


def whole(text: str) -> int:
    """Parse a whole number from 0 to a billion."""
    if not (text.isascii() and text.isdecimal() and int(text) <= 1_000_000_000):
        raise argparse.ArgumentTypeError(f'expected a whole number, got "{text}"')
    return int(text)


def quoted(path: str) -> str:
    """Quote a path for a shell."""
    return shlex.quote(printable(path))


def plural(count: int, noun: str) -> str:
    """Format a count with its noun: `1 picture`, `1,234 pictures`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def shown_distance(distance: float) -> str:
    """Format a distance: those of networks are near 1, those of the classic strategies in the hundreds."""
    return f"{distance:.1f}" if distance >= 10 else f"{distance:.3f}"
