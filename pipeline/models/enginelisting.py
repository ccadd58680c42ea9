"""The subcommand `engines`: which engine runs which network here, with what was measured."""

from __future__ import annotations

import argparse

from pipeline.errors import ExitCode, ModelError
from pipeline.models.enginechoices import EngineChoice, choices_folder, iter_choices
from pipeline.text import printable

NONE_YET = "no engine has been chosen yet: that is done when a run first uses a network that several can run"


def list_engines(options: argparse.Namespace) -> ExitCode:
    """Print the choices; or forget them, if `options.forget` is set.

    Raises: ModelError: one cannot be deleted.
    """
    choices = list(iter_choices())
    if options.forget:
        for path in choices_folder().glob("*.json"):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise ModelError(f"{printable(path)}: cannot be deleted ({error.strerror})") from None
        print(f"{len(choices)} forgotten; the next run measures again")
        return ExitCode.OK
    for _, choice in choices:
        _print(choice)
    if not choices:
        print(NONE_YET)
    return ExitCode.OK


def _print(choice: EngineChoice) -> None:
    width, height = choice.input_wh
    print(f"{choice.network}, {width}x{height}, {choice.precision}, on {choice.processor}, {choice.made}")
    for name, took in choice.measured.items():
        mark = "  chosen" if name == choice.chosen else ""
        measured = printable(took) if isinstance(took, str) else f"{took:.1f} ms"
        print(f"    {name:<20} {measured}{mark}")
