"""Find photos and videos by what was found in them: make the index of an OUTPUT, ask it, show what is known
of a file.

visualsearch.py COMMAND ...; visualsearch.py --help names the commands.
"""

from __future__ import annotations

import argparse
import io
import logging
import re
import sys
from collections.abc import Sequence

from pipeline.host.logs import set_up_logging
from pipeline.host.processes import open_standard_streams
from pipeline.host.program import OneLineParser, commands_parser, exit_status
from pipeline.text import escaped
from search.commands import export, index, load, query, serve, show

_COMMANDS = (index, query, show, export, load, serve)


_OPTION = re.compile(r"[^-]|$|-h$|--[a-z][a-z0-9-]*(=|$)")
"""Arguments that argparse gets unchanged: options, and what does not begin with a dash."""


def _parser() -> OneLineParser:
    description = "Find photos and videos by what visualminer found in them."
    return commands_parser("visualsearch", description, _COMMANDS, "query")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options; words of a query may stand before and behind them, and begin with a dash."""
    parser = _parser()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["query"]:
        given = _with_words_marked(given)
    options, words = parser.parse_known_args(given)
    if words and (options.run is not query.run or any(word.startswith("--") for word in words)):
        parser.error(f"unrecognized arguments: {escaped(' '.join(words))}")
    if words:
        options.query.extend(words)
    return options


def _with_words_marked(given: list[str]) -> list[str]:
    """The arguments of `query` with a space before words that begin with a dash: no options for argparse."""
    end = given.index("--") if "--" in given else len(given)
    marked = [one if _OPTION.match(one) else f" {one}" for one in given[:end]]
    return marked + [f" {one}" for one in given[end + 1 :]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = _parse(arguments)
    set_up_logging(logging.WARNING, None)
    return exit_status(lambda: options.run(options))


def run() -> int:
    """Set this process up for the program and run it; returns the exit status. The console script's entry."""
    open_standard_streams()
    return main()


if __name__ == "__main__":
    sys.exit(run())
