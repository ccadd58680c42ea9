"""`make-certs`: make the certificates of a cluster."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cluster.certificates import DAYS, default_folder, make_certificates
from pipeline.text import printable

MOST_DAYS = 36_500


def add_to(commands: Any) -> None:
    """Add the subcommand's arguments."""
    parser = commands.add_parser(
        "make-certs",
        help="make the certificates that all machines of a cluster share",
        description="Make the certificates that all machines of a cluster share: copy the folder to each.",
    )
    parser.add_argument("folder", metavar="FOLDER", nargs="?", help=f"where to (default: {default_folder()})")
    parser.add_argument(
        "--days", type=_days, default=DAYS, metavar="N", help="how long they hold (default: %(default)s)"
    )
    parser.set_defaults(run=run)


def _days(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= MOST_DAYS):
        raise argparse.ArgumentTypeError(f'expected a number of days from 1 to {MOST_DAYS}, got "{text}"')
    return int(text)


def run(given: argparse.Namespace) -> int:
    """Make them and say where they are."""
    files = make_certificates(Path(given.folder) if given.folder else default_folder(), given.days)
    print(f"{printable(files.folder)}: copy this folder to every machine, over ssh, with its permissions")
    print("The key in it allows programs to be run on all machines: keep it from other users.")
    return 0
