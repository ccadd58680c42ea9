"""The command line of `visualminer.py`: its arguments, their types, and the options that they give."""

from __future__ import annotations

import argparse

from pipeline import __version__
from pipeline.config.examples import EXAMPLES
from pipeline.host.command import program_name
from pipeline.miner import NICE
from pipeline.runs.options import Options

MOST_WORKERS = 1024
"""More worker processes than this are taken for a typing error."""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The checked arguments; a wrong one ends the program with argparse's message and exit status 2."""
    parser = make_parser()
    given = parser.parse_args(arguments)
    if given.example is not None and (given.check is not None or given.input is not None):
        parser.error("--example NAME stands alone: it mines nothing")
    if given.check is None and given.example is None and given.pipeline is None:
        parser.error("INPUT, OUTPUT and PIPELINE are needed, or --check PIPELINE, or --example NAME")
    if given.check is not None and given.input is not None:
        parser.error("--check PIPELINE stands alone: it mines nothing")
    if given.dry_run and (given.quiet or given.summary is not None):
        parser.error("--dry-run does nothing but say what would be done: no --quiet, no --summary")
    return given


def options_of(given: argparse.Namespace) -> Options:
    """What a run is to do."""
    return Options(
        input=given.input,
        output=given.output,
        pipeline=given.pipeline,
        workers=given.workers,
        timeout_s=given.timeout,
        max_megapixels=given.max_megapixels,
        follow_links=given.follow_links,
        allow_plugins=given.allow_plugins,
        force=given.force,
        retry_failed=given.retry_failed,
        prune=given.prune,
        min_age_s=given.min_age,
        nice=given.nice,
        wait_lock_s=given.wait_lock,
    )


def make_parser() -> argparse.ArgumentParser:
    """The parser with all arguments."""
    parser = argparse.ArgumentParser(
        prog=program_name("visualminer"),
        description="Find what is in your photos: a JSON report and an annotated copy for each of them.",
        epilog=f"example: {program_name('visualminer')} ~/photos ~/photos-mined demo-pipeline.yml",
    )
    parser.add_argument("input", metavar="INPUT", nargs="?", help="a photo, or a folder of them")
    parser.add_argument("output", metavar="OUTPUT", nargs="?", help="a folder; mirrors INPUT's folders")
    parser.add_argument("pipeline", metavar="PIPELINE", nargs="?", help="the pipeline file, YAML")
    parser.add_argument("--check", metavar="PIPELINE", help="only say what is wrong with a pipeline file")
    parser.add_argument(
        "--example", choices=EXAMPLES, metavar="NAME", help=f"print a pipeline file: {', '.join(EXAMPLES)}"
    )
    parser.add_argument(
        "--workers", type=_whole, metavar="N", help="worker processes (default: one a usable core; 0: none)"
    )
    parser.add_argument(
        "--timeout",
        type=_positive,
        default=Options.timeout_s,
        metavar="SECONDS",
        help="how long one photo may take (default: %(default)g)",
    )
    parser.add_argument(
        "--max-megapixels",
        type=_positive,
        default=Options.max_megapixels,
        metavar="MP",
        help="refuse larger photos (default: %(default)g)",
    )
    parser.add_argument(
        "--min-age",
        type=_seconds,
        default=Options.min_age_s,
        metavar="SECONDS",
        help="leave files alone that were changed less than this long ago (default: %(default)g)",
    )
    parser.add_argument("--follow-links", action="store_true", help="follow links to folders")
    parser.add_argument(
        "--allow-plugins", action="store_true", help="let the pipeline file load code from outside"
    )
    _add_nightly_options(parser)
    loudness = parser.add_mutually_exclusive_group()
    loudness.add_argument("--verbose", action="store_true", help="say what becomes of every file")
    loudness.add_argument("--quiet", action="store_true", help="say nothing unless something failed")
    parser.add_argument("--log-file", metavar="FILE", help="append what becomes of every file to FILE")
    parser.add_argument(
        "--log-format", choices=("text", "json"), default="text", help="of log lines (default: %(default)s)"
    )
    parser.add_argument("--summary", metavar="FILE", help="write counts and failures to FILE as JSON")
    parser.add_argument("--version", action="version", version=f"Deep Visual Miner {__version__}")
    return parser


def _add_nightly_options(parser: argparse.ArgumentParser) -> None:
    """What matters to a run over what was mined before."""
    parser.add_argument("--force", action="store_true", help="mine everything, done or not")
    parser.add_argument("--retry-failed", action="store_true", help="try again what failed before")
    parser.add_argument("--prune", action="store_true", help="remove the outputs of inputs that are gone")
    parser.add_argument(
        "--no-index", action="store_true", help="leave the search index of OUTPUT as it is at the end"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done, and why")
    parser.add_argument(
        "--wait-lock",
        type=_seconds,
        default=Options.wait_lock_s,
        metavar="SECONDS",
        help="wait this long for another run on OUTPUT to end (default: %(default)g)",
    )
    parser.add_argument(
        "--nice",
        type=_niceness,
        metavar="N",
        help=f"the niceness of the workers, 0 to 19 (default: {NICE})",
    )


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f'expected a positive number, got "{text}"')
    return value


def _seconds(text: str) -> float:
    return 0.0 if text == "0" else _positive(text)


def _niceness(text: str) -> int:
    if not (text.isdecimal() and len(text) < 3 and int(text) <= 19):
        raise argparse.ArgumentTypeError(f'expected a whole number from 0 to 19, got "{text}"')
    return int(text)


def _whole(text: str) -> int:
    if not (text.isdecimal() and len(text) < 10 and int(text) <= MOST_WORKERS):
        raise argparse.ArgumentTypeError(f'expected a whole number from 0 to {MOST_WORKERS}, got "{text}"')
    return int(text)
