"""`load OUTPUT URL`: the index copied into a PostgreSQL database or a Solr core."""

from __future__ import annotations

import argparse
import contextlib
import sys
from typing import Any

from pipeline.errors import ExitCode
from search.commands.arguments import add_command, add_output
from search.commands.backends import open_server
from search.copying import Copied, copy_index
from search.place import index_path, output_folder
from search.sqlite.index import SqliteIndex


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    parser = add_command(
        commands,
        "load",
        run,
        short="copy the index into PostgreSQL or Solr",
        long="Copy the index into a PostgreSQL database (into a schema of its own, deepvisualminer) or "
        "into a Solr core of its own. Only files that are new, changed or gone are transferred, and the "
        "command can be stopped and started again at any time. Keep passwords in ~/.pgpass or PGPASSWORD: "
        "other users of this machine can read command lines.",
        example="load ~/photos-mined postgresql://me@dbhost/photos",
    )
    add_output(parser)
    parser.add_argument(
        "url", metavar="URL", help="postgresql://USER@HOST/DATABASE or solr+http://HOST:8983/solr/CORE"
    )


def run(options: argparse.Namespace) -> ExitCode:
    """Do what the subcommand says."""
    on_terminal = sys.stderr.isatty()

    def show(copied: Copied) -> None:
        if on_terminal:
            print(f"\r{copied.put:,} files put in, {copied.removed:,} taken out", end="", file=sys.stderr)

    path = index_path(output_folder(options.output), options.index)
    with SqliteIndex(path) as source, contextlib.closing(open_server(options.url, writable=True)) as target:
        copied = copy_index(source, target, show)
    if on_terminal and copied.put + copied.removed:
        print(file=sys.stderr)
    print(f"{copied.put:,} files put in, {copied.removed:,} taken out, {copied.unchanged:,} unchanged")
    return ExitCode.OK
