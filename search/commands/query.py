"""`query OUTPUT QUERY`: find files."""

from __future__ import annotations

import argparse
import contextlib
import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import ExitCode, UsageError
from pipeline.text import escaped, printable
from reporters.layout import json_text
from search.backend import QUERY_SECONDS, Backend, Facet, Hit
from search.collecting import collect
from search.commands.arguments import add_backend, add_command, add_output, terminal_columns, whole_number
from search.commands.backends import open_index
from search.explain import explanation
from search.hitformats import CSV_COLUMNS, csv_row, hit_object, table
from search.place import index_path, output_folder
from search.question import iter_pages, understand
from search.resolve import Resolved

_TABLE_ROWS = 50
_FACET_VALUES = 30


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    parser = add_command(
        commands,
        "query",
        run,
        short="find photos and videos",
        long="Find files by what they show, by date and place, and by path: words, "
        '"two words", beginn*, a OR b, '
        "-not, brackets, name:anna label:dog label>=3:person faces=2 conf>=0.8 taken:2008-05..2008-06 "
        "near:46.95,7.45,5km path:berlin camera:canon tag:holiday title:lake rating>=4 type:video "
        "is:located. No query is an error; "
        "--explain prints how it is understood.",
        example="query ~/photos-mined 'name:anna name:tom label:dog taken:2008'",
    )
    add_output(parser)
    add_backend(parser)
    parser.add_argument(
        "query", metavar="QUERY", nargs="*", help="what to find; several words may stay unquoted"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--json", action="store_true", help="print one JSON object for each file")
    what.add_argument("--csv", action="store_true", help="print a CSV table")
    what.add_argument(
        "--paths0", action="store_true", help="print the paths of the files with NUL after each, for xargs -0"
    )
    what.add_argument(
        "--copy-to", metavar="DIR", help="copy the files into DIR, with their folders; replaces nothing"
    )
    what.add_argument("--link-to", metavar="DIR", help="the same with symbolic links instead of copies")
    what.add_argument("--count", action="store_true", help="print only the number of files")
    what.add_argument("--explain", action="store_true", help="print only how the query is understood")
    parser.add_argument(
        "--facets",
        metavar="LIST",
        type=_facets,
        help="print how many files have each value of these fields, separated by commas: "
        "label,name,year,type,camera",
    )
    parser.add_argument(
        "--limit",
        metavar="N",
        type=whole_number,
        help=f"at most N files; 0: all (default: {_TABLE_ROWS} in the table, else all)",
    )


def run(options: argparse.Namespace) -> ExitCode:
    """Do what the subcommand says."""
    others = (options.csv, options.paths0, options.copy_to, options.link_to, options.count, options.explain)
    if options.facets is not None and any(others):
        raise UsageError("--facets counts, and stands alone or with --json; leave the other option out")
    path = index_path(output_folder(options.output), options.index)
    with contextlib.closing(open_index(path, options.backend)) as index:
        question = understand(" ".join(options.query), index)
        if options.explain:
            for line in explanation(question):
                print(escaped(line))
            return ExitCode.OK
        _say_notes(question)
        if options.facets is not None:
            return _print_facets(index, question, options)
        if options.count:
            print(index.count(question.condition))
            return ExitCode.OK
        if options.copy_to is not None or options.link_to is not None:
            return _collect(index, question, options)
        if options.json or options.csv or options.paths0:
            return _print_all(index, question, options)
        return _print_table(index, question, options)


def _say_notes(question: Resolved) -> None:
    for note in question.notes:
        print(f"note: {escaped(note)}", file=sys.stderr)


def _print_all(index: Backend, question: Resolved, options: argparse.Namespace) -> ExitCode:
    """Print all hits as they are found."""
    rows = csv.writer(sys.stdout, lineterminator="\r\n")
    if options.csv:
        rows.writerow(CSV_COLUMNS)
    for hit in iter_hits(index, question, options.limit or None):
        if options.json:
            print(json_text(hit_object(hit)))
        elif options.csv:
            rows.writerow(csv_row(hit))
        else:
            sys.stdout.buffer.write(hit.source + b"\0")
    return ExitCode.OK


def _collect(index: Backend, question: Resolved, options: argparse.Namespace) -> ExitCode:
    """Copy or link all hits."""
    as_links = options.link_to is not None
    target = options.link_to if as_links else options.copy_to
    collected = collect(
        iter_hits(index, question, options.limit or None),
        Path(target).absolute(),
        as_links=as_links,
        on_failure=lambda sentence: print(sentence, file=sys.stderr),
    )
    parts = [f"{collected.made:,} {'linked' if as_links else 'copied'}"]
    if collected.there:
        parts.append(f"{collected.there:,} there already")
    if collected.failed:
        parts.append(f"{collected.failed:,} failed (see above)")
    print(f"{', '.join(parts)}; they are in {printable(target)}")
    return ExitCode.SOME_FAILED if collected.failed else ExitCode.OK


def iter_hits(index: Backend, question: Resolved, most: int | None) -> Iterator[Hit]:
    """Yield the hits as they are found. Prints a note if the time limit ended the query."""
    for page in iter_pages(index, question, most):
        yield from page.hits
        if not page.is_complete:
            _say_incomplete()


def _say_incomplete() -> None:
    print(
        f"note: the query was ended after {QUERY_SECONDS:g} seconds, there may be more; "
        "ask for a label, a name or a date too",
        file=sys.stderr,
    )


def _print_table(index: Backend, question: Resolved, options: argparse.Namespace) -> ExitCode:
    most = _TABLE_ROWS if options.limit is None else options.limit or None
    hits = list(iter_hits(index, question, most))
    if hits:
        for line in table(hits, terminal_columns() if sys.stdout.isatty() else None):
            print(line)
    if most is None or len(hits) < most:
        print("nothing found" if not hits else "1 file" if len(hits) == 1 else f"{len(hits):,} files")
    else:
        print(f"{len(hits):,} of {index.count(question.condition)} files, newest first; --limit 0 shows all")
    return ExitCode.OK


def _print_facets(index: Backend, question: Resolved, options: argparse.Namespace) -> ExitCode:
    most = _FACET_VALUES if options.limit is None else options.limit or 1 << 30
    facets = index.facets(question.condition, options.facets, most)
    if options.json:
        print(json_text({facet: dict(values) for facet, values in facets.values.items()}))
    for facet, values in () if options.json else facets.values.items():
        print(f"{facet}:")
        for value, files in values:
            print(f"{files:>12,}  {escaped(value)}")
    if not facets.is_complete:
        if any(facets.values.values()):
            print("note: only the newest files of the result were counted", file=sys.stderr)
        else:
            _say_incomplete()
    return ExitCode.OK


def _facets(text: str) -> list[Facet]:
    try:
        return list(dict.fromkeys(Facet(word.strip()) for word in text.split(",")))
    except ValueError:
        known = ",".join(Facet)
        raise argparse.ArgumentTypeError(f'expected some of {known}, got "{escaped(text)}"') from None
