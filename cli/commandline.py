"""What `visualminer.py` does: check a pipeline file, say what a run would do, or mine, and tell the user."""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
from collections import Counter
from datetime import datetime

from cli.arguments import options_of, parse
from cli.starting import start
from pipeline.config.config import read_config
from pipeline.config.examples import read_example
from pipeline.config.warnings import iter_warnings
from pipeline.errors import ExitCode, LockedError, MinerError
from pipeline.host.command import program_name
from pipeline.host.logs import NOTICE, set_up_logging
from pipeline.host.program import exit_status
from pipeline.miner import mine
from pipeline.outcome import Outcome, Summary
from pipeline.runs.failures import iter_failure_lines
from pipeline.runs.known import Tally
from pipeline.runs.plan import plan
from pipeline.runs.progress import PlainProgress, TerminalProgress
from pipeline.runs.selection import Reason
from pipeline.runs.summaryfile import check_summary_file, write_summary
from pipeline.runs.summarytext import (
    failure_lines,
    final_line,
    plan_text,
    planned_text,
    quiet_text,
    summary_text,
)
from pipeline.text import printable
from search.indexing.afterrun import IndexAfterRun

_log = logging.getLogger("visualminer")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    given = parse(arguments)
    return exit_status(lambda: _act(given), interrupted="")


def _act(given: argparse.Namespace) -> int:
    """Do what the command line says; return the exit status."""
    on_terminal = sys.stderr.isatty() and not given.quiet
    set_up_logging(_level(given, on_terminal), given.log_file, given.log_format)
    if given.example is not None:
        sys.stdout.write(read_example(given.example))
        return ExitCode.OK
    if given.failures is not None or given.init is not None:
        lines = start(given.init, given.input) if given.init else iter_failure_lines(given.failures)
        for line in lines:
            _say(line)
        return ExitCode.OK
    if given.check is not None:
        config = read_config(given.check, allow_plugins=given.allow_plugins, opening=True)
        for warning in iter_warnings(config):
            _log.warning("%s: %s", printable(given.check), warning)
        count = len(config.components)
        _say(f"{printable(given.check)}: good, {count} component{'' if count == 1 else 's'}")
        return ExitCode.OK
    return _plan(given) if given.dry_run else _mine(given, on_terminal)


def _level(given: argparse.Namespace, on_terminal: bool) -> int:
    """The least that standard error gets to see."""
    if given.verbose:
        return logging.DEBUG
    if given.quiet:
        return logging.CRITICAL
    return NOTICE if on_terminal else logging.INFO


def _plan(given: argparse.Namespace) -> int:
    counts: Counter[Reason | None] = Counter()
    tallies: list[Tally] = []
    for planned in plan(options_of(given), tallies.append):
        counts[planned.reason] += 1
        _say(planned_text(planned))
    for tally in tallies:
        if tally.known:
            _say(tally.sentence)
    _say(plan_text(counts))
    return ExitCode.OK


def _mine(given: argparse.Namespace, on_terminal: bool) -> int:
    began, summary = datetime.now().astimezone(), Summary()
    places = {"input": given.input, "output": given.output, "pipeline": given.pipeline}
    if given.summary is not None:
        check_summary_file(given.summary)
    progress: TerminalProgress | PlainProgress = PlainProgress(given.input, given.output)
    if on_terminal:
        progress = TerminalProgress(given.input, given.output, sys.stderr)
    index = IndexAfterRun(given.input, given.output, alone=given.wait_lock == 0)

    def on_outcome(outcome: Outcome) -> None:
        """Show it, and remember it for the index."""
        index.note(outcome)
        progress.on_outcome(outcome)

    try:
        with progress:
            mine(options_of(given), on_outcome, summary, progress.on_pruning, progress.on_video)
    except LockedError:
        raise  # the summary is the other run's to write
    except MinerError as error:
        if given.summary is not None:
            write_summary(given.summary, began, places, summary, str(error), error.exit_code)
        if given.quiet and (lines := failure_lines(summary, _where_more(given))):
            _say("\n".join(lines))
        raise
    if given.summary is not None:
        write_summary(given.summary, began, places, summary, "", summary.exit_code)
    if given.log_file is not None:
        _log.debug("%s", final_line(summary, given.output))
    if text := _text_of(given, summary):
        _say(text)
    if not given.no_index:
        index.finish(summary)
    return summary.exit_code


def _text_of(given: argparse.Namespace, summary: Summary) -> str:
    """The text at the end of a run. Failures were logged, unless `--quiet` kept the log silent."""
    if given.quiet:
        return quiet_text(summary, given.output, where_more=_where_more(given))
    return summary_text(summary, given.output)


def _where_more(given: argparse.Namespace) -> str:
    """Where to find failures that the summary does not keep."""
    return f"which {program_name('visualminer')} --failures {shlex.quote(printable(given.output))} lists"


def _say(text: str) -> None:
    """Print at once, so that a reader that has gone away is noticed here."""
    print(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace").decode(), flush=True)
