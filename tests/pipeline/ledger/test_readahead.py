"""Rows that are read ahead of a walk: the right ones, with few queries, also where they change meanwhile."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.ledger.entry import Row
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.readahead import MOST, ReadAhead
from pipeline.ledger.record import Context, Record
from pipeline.outcome import Status
from pipeline.source import Stamp


class _Table:
    """Rows in order, and a count of the queries and of the rows that they returned."""

    def __init__(self, paths: list[bytes]) -> None:
        self.rows: list[Row] = [(path,) for path in sorted(paths)]
        self.queries = self.returned = 0

    def read(self, path: bytes, limit: int) -> list[Row]:
        found = [row for row in self.rows if row[0] >= path][:limit]
        self.queries += 1
        self.returned += len(found)
        return found


def test_walk_in_the_order_of_paths_takes_few_queries() -> None:
    paths = [b"%05d" % number for number in range(2000)]
    table = _Table(paths)
    ahead = ReadAhead(table.read)
    assert [ahead.find(path) for path in paths] == [(path,) for path in paths]
    assert table.queries < 20


def test_new_folder_takes_few_queries() -> None:
    table = _Table([b"a/1", b"c/1"])
    ahead = ReadAhead(table.read)
    assert [ahead.find(b"b/%05d" % number) for number in range(1000)] == [None] * 1000
    assert table.queries == 1
    assert ahead.find(b"c/1") == (b"c/1",)
    assert [ahead.find(b"d/%05d" % number) for number in range(1000)] == [None] * 1000
    assert table.queries <= 3


def test_walk_in_another_order_reads_hardly_more_rows_than_it_asks_for() -> None:
    files = [b"%05d.jpg" % number for number in range(500)]
    between = [b"%05d/%02d" % (number, inner) for number in range(500) for inner in range(20)]
    table = _Table(files + between)
    ahead = ReadAhead(table.read)
    assert all(ahead.find(path) == (path,) for path in files)
    assert table.returned < 3 * len(files)


def test_rows_that_change_after_each_question_are_not_read_in_vain() -> None:
    table = _Table([b"%05d" % number for number in range(1000)])
    ahead = ReadAhead(table.read)
    for number in range(1000):
        assert ahead.find(b"%05d" % number) is not None
        ahead.forget()
    assert table.returned < 4 * 1000


@pytest.mark.parametrize("seed", range(3))
def test_ledger_finds_what_is_stored_whatever_happened_in_between(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    context, stored = Context("/in", "p", "l"), dict[str, Record]()
    paths = [f"{folder}/{name}.jpg" for folder in ("a", "a-b", "a/b", "ä") for name in range(MOST)]
    with Ledger(tmp_path) as ledger:
        for number in range(2000):
            path = rng.choice(paths) if rng.random() < 0.2 else paths[number % len(paths)]
            match rng.randrange(6):
                case 0:
                    stored[path] = Record(path, Stamp(number, 1, 2, 3, 4), context, Status.MINED)
                    ledger.record(stored[path])
                case 1:
                    stored.pop(path, None)
                    ledger.forget(path)
                case 2 if number % 50 == 2:
                    ledger.renumber_device("/in", 2, 2)
                case _:
                    entry = ledger.find(path)
                    assert (entry and entry.record) == stored.get(path)
        ledger.renumber_device("/in", 2, 7)
        for path, record in stored.items():
            entry = ledger.find(path)
            assert entry is not None
            assert entry.record == replace(record, stamp=record.stamp._replace(device=7))
