"""`index OUTPUT`: make the search index or bring it up to date."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pipeline.errors import ExitCode
from search.commands.arguments import add_command, add_output
from search.indexing.indexing import update_index
from search.indexing.updating import Updated
from search.place import index_path, output_folder


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    parser = add_command(
        commands,
        "index",
        run,
        short="make the search index, or bring it up to date",
        long="Add the new and changed reports in OUTPUT to the search index, and remove those that no longer "
        "exist. visualminer does this at the end of each run. Can be run and stopped at any time.",
        example="index ~/photos-mined",
    )
    add_output(parser)
    parser.add_argument("--rebuild", action="store_true", help="delete the index and make it again")
    parser.add_argument("--quiet", action="store_true", help="print nothing unless something is wrong")


def run(options: argparse.Namespace) -> ExitCode:
    """Do what the subcommand says."""
    output_root = output_folder(options.output)
    shows = sys.stderr.isatty() and not options.quiet

    def on_progress(updated: Updated) -> None:
        """Show the progress on a terminal."""
        if shows:
            print(f"\r{updated.put:,} read in {updated.seconds:.0f} s ", end="", file=sys.stderr, flush=True)

    path = index_path(output_root, options.index)
    updated = update_index(output_root, path, rebuild=options.rebuild, on_progress=on_progress)
    if shows:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if not options.quiet:
        print(sentence(updated))
    return ExitCode.SOME_FAILED if updated.damaged else ExitCode.OK


def sentence(updated: Updated) -> str:
    """Return the result of an update in one line."""
    parts = [f"{updated.put:,} read", f"{updated.removed:,} removed"]
    if updated.damaged:
        parts.append(f"{updated.damaged:,} damaged (see above)")
    files = "1 file" if updated.files == 1 else f"{updated.files:,} files"
    return f"{files} in the index; {', '.join(parts)}, in {updated.seconds:.1f} s"
