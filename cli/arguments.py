"""The command line of `visualminer.py`: its arguments, their types, and the options that they give."""

from __future__ import annotations

import argparse
import sys

from cluster.address import parse_address
from pipeline import __version__
from pipeline.config.examples import EXAMPLES
from pipeline.errors import UsageError
from pipeline.host.command import program_name
from pipeline.host.program import OneLineParser
from pipeline.miner import NICE
from pipeline.runs.options import Options

MOST_WORKERS = 1024
"""A larger number of workers is treated as a typing error."""

_ALONE = {"check": "PIPELINE", "example": "NAME", "failures": "OUTPUT", "init": "DIR"}
"""Options that do something else than to mine, and what follows each."""
_PIPELINE_ENDINGS = (".yml", ".yaml")
_EXAMPLE = "~/photos ~/photos-mined people.yml"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the checked arguments. A wrong one ends the program with a sentence and exit status 2."""
    parser = make_parser()
    words = sys.argv[1:] if arguments is None else arguments
    # argparse would take the next word for the value of an option with an optional one: INPUT.
    given = parser.parse_args(["--prune-all" if word == "--prune=all" else word for word in words])
    alone = [name for name in _ALONE if getattr(given, name) is not None]
    more = given.input if alone != ["init"] else given.output
    if alone and (len(alone) > 1 or more is not None):
        parser.error(f"--{alone[0]} {_ALONE[alone[0]]} stands alone: it mines nothing")
    if not alone and given.pipeline is None:
        parser.error(_what_is_missing(given))
    if given.pipeline is not None and not given.pipeline.endswith(_PIPELINE_ENDINGS):
        for word in (given.input, given.output):
            if word.endswith(_PIPELINE_ENDINGS):
                parser.error(f"the pipeline file, {word}, comes last: INPUT OUTPUT PIPELINE")
    if given.dry_run and (given.quiet or given.summary is not None):
        parser.error("--dry-run only prints what would be done; leave out --quiet and --summary")
    if given.certs is not None and given.cluster is None:
        parser.error("--certs FOLDER belongs to --cluster MACHINES")
    if given.cluster is not None:
        if given.workers == 0:
            parser.error("--workers 0 mines in this process; leave it out with --cluster")
        try:
            parse_address(given.cluster)
        except UsageError as error:
            parser.error(str(error))
    return given


def _what_is_missing(given: argparse.Namespace) -> str:
    """What to type where INPUT, OUTPUT and PIPELINE are not all there."""
    if given.input is None:
        return (
            "INPUT, OUTPUT and PIPELINE are needed; --init DIR writes a pipeline file and says what to type"
        )
    if given.input in _ALONE:
        return f"did you mean --{given.input} {given.output or _ALONE[given.input]}?"
    missing = "OUTPUT and PIPELINE are" if given.output is None else "PIPELINE is"
    if given.output is not None and given.output.endswith(_PIPELINE_ENDINGS):
        missing = "OUTPUT is"
    return f"{missing} missing: INPUT OUTPUT PIPELINE, such as {_EXAMPLE}"


def options_of(given: argparse.Namespace) -> Options:
    """Return the options of the run that the arguments ask for."""
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
        force_components=tuple(given.force_component or ()),
        retry_failed=given.retry_failed,
        prune=given.prune or given.prune_all,
        prune_even_most=given.prune_all,
        min_age_s=given.min_age,
        nice=given.nice,
        wait_lock_s=given.wait_lock,
        cluster=given.cluster,
        certificates=given.certs,
    )


def make_parser() -> argparse.ArgumentParser:
    """Return the parser with all arguments."""
    parser = OneLineParser(
        prog=program_name("visualminer"),
        description="Find what is in photos and videos: write a JSON report and an annotated copy of each.",
        epilog=f"example: {program_name('visualminer')} {_EXAMPLE}",
    )
    parser.add_argument("input", metavar="INPUT", nargs="?", help="a photo or video, or a folder")
    parser.add_argument("output", metavar="OUTPUT", nargs="?", help="a folder that mirrors INPUT's folders")
    parser.add_argument("pipeline", metavar="PIPELINE", nargs="?", help="the pipeline file, YAML")
    parser.add_argument("--check", metavar="PIPELINE", help="report all errors of a pipeline file and exit")
    parser.add_argument(
        "--example", choices=EXAMPLES, metavar="NAME", help=f"print a pipeline file: {', '.join(EXAMPLES)}"
    )
    parser.add_argument(
        "--failures", metavar="OUTPUT", help="list all that failed so far, with what to do, and exit"
    )
    parser.add_argument(
        "--init",
        metavar="DIR",
        help="write a pipeline file, a folder for faces and a cron line into DIR, and exit; INPUT may follow",
    )
    parser.add_argument(
        "--workers",
        type=_whole,
        metavar="N",
        help="number of worker processes (default: one for each core; 0: none)",
    )
    parser.add_argument(
        "--timeout",
        type=_positive,
        default=Options.timeout_s,
        metavar="SECONDS",
        help="time limit for a photo (default: %(default)g)",
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
        help="skip files that changed less than this long ago (default: %(default)g)",
    )
    parser.add_argument("--follow-links", action="store_true", help="follow symbolic links to folders")
    parser.add_argument(
        "--allow-plugins", action="store_true", help="allow components that are not part of this program"
    )
    _add_cluster_options(parser)
    _add_nightly_options(parser)
    _add_logging_options(parser)
    parser.add_argument("--version", action="version", version=f"Deep Visual Miner {__version__}")
    return parser


def _add_cluster_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of runs on other machines."""
    parser.add_argument(
        "--cluster",
        metavar="MACHINES",
        help="mine on other machines: tls://HOST:PORT of a scheduler, or local:N to try it on this one",
    )
    parser.add_argument(
        "--certs", metavar="FOLDER", help="certificates of the cluster, see visualminer-cluster"
    )


def _add_logging_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what a run prints and writes about itself."""
    loudness = parser.add_mutually_exclusive_group()
    loudness.add_argument(
        "--verbose", action="store_true", help="print the result of every new or changed file"
    )
    loudness.add_argument("--quiet", action="store_true", help="print nothing unless something failed")
    parser.add_argument(
        "--log-file", metavar="FILE", help="append the result of every new or changed file to FILE"
    )
    parser.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="format of log lines (default: %(default)s)",
    )
    parser.add_argument("--summary", metavar="FILE", help="write counts and failures to FILE as JSON")


def _add_nightly_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of runs over an OUTPUT that holds results already."""
    parser.add_argument("--force", action="store_true", help="mine every input again")
    parser.add_argument(
        "--force-component",
        action="append",
        metavar="NAME",
        help="run this component again for every input, and what depends on what it finds; may be repeated",
    )
    parser.add_argument(
        "--retry-failed", action="store_true", help="retry inputs that failed in an earlier run"
    )
    parser.add_argument(
        "--prune",
        action="store_true",
        help="remove the outputs of inputs that no longer exist; --prune=all: even if these are most of them",
    )
    parser.add_argument("--prune-all", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--no-index", action="store_true", help="do not update the search index of OUTPUT")
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would be done for each input, and why, and exit"
    )
    parser.add_argument(
        "--wait-lock",
        type=_seconds,
        default=Options.wait_lock_s,
        metavar="SECONDS",
        help="how long to wait for another run on OUTPUT (default: %(default)g)",
    )
    parser.add_argument(
        "--nice",
        type=_niceness,
        metavar="N",
        help=f"niceness of the workers, 0 to 19 (default: {NICE})",
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
