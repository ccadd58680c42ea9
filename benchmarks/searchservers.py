"""What the search index costs on a server: loading, its size, and each kind of query, by the clock.

    python -m benchmarks.searchservers postgresql://me@localhost/benchmark [--photos N] [--queries-only]

The documents and queries are those of `benchmarks.search`. The database or core must be one for this purpose:
what this program keeps in it is replaced.
"""

from __future__ import annotations

import argparse
import contextlib
import time

from benchmarks.search import ask_all, photo, timed
from search.backend import WritableBackend
from search.commands.backends import POSTGRESQL, open_server
from search.copying import BATCH


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--photos", type=int, default=1_000_000)
    parser.add_argument("--queries-only", action="store_true")
    given = parser.parse_args()
    with contextlib.closing(open_server(given.url, writable=True)) as server:
        if not given.queries_only:
            load(server, given.photos)
        if given.url.startswith(POSTGRESQL):
            print_size(given.url, given.photos)
        ask_all(server, time.perf_counter)


def load(server: WritableBackend, photos: int) -> None:
    server.apply([], [path for path, _ in server.iter_stamps()])
    seconds = 0.0
    for first in range(0, photos, BATCH):
        documents = [photo(number) for number in range(first, min(first + BATCH, photos))]
        seconds += timed(lambda documents=documents: server.apply(documents), time.perf_counter)[0]
    print(f"{photos:,} photos loaded in {seconds:.0f} s, {photos / seconds:,.0f} a second")


def print_size(url: str, photos: int) -> None:
    import psycopg

    from search.postgresql.schema import SCHEMA

    statement = """SELECT sum(pg_total_relation_size(oid)) FROM pg_class
        WHERE relnamespace = %s::regnamespace AND relkind = 'r'"""
    with psycopg.connect(url, autocommit=True) as connection:
        for table in ("file", "posting", "moment", "term"):
            connection.execute(f"VACUUM ANALYZE {SCHEMA}.{table}")
        (size,) = connection.execute(statement, (SCHEMA,)).fetchone()
    print(f"size: {int(size) / 1e6:.0f} MB, {int(size) / photos:.0f} bytes a photo")


if __name__ == "__main__":
    main()
