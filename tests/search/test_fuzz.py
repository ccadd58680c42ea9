"""Whatever is typed is answered, and the answer is what the condition means."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from search.backend import Facet, Page
from search.conditions import Everything
from search.documents import Document
from search.explain import explanation
from search.question import understand
from search.sqlite.index import SqliteIndex
from tests.search.collection import write_collection
from tests.search.oracle import holds
from tests.search.outputs import Output, label, name

WORDS = (
    "dog",
    "hot",
    "cat",
    "Anna",
    "tom",
    "muller",
    "2008",
    "birthday",
    "IMG_1234",
    "jpg",
    "東京",
    "写",
    "ü",
)
NOISE = (
    "\x00",
    "\x1b[2J",
    "'",
    '"',
    ";",
    "\\",
    "{",
    "^",
    "~",
    "%",
    "_",
    "\u202e",
    "\udc80",
    "=",
    ">",
    "NEAR(",
    "*",
)
FIELDS = (
    *(
        "name:anna",
        "name:tom",
        "name:*",
        'name:"anna maria müller"',
        "label:dog",
        "label:hot*",
        "label>=2:person",
    ),
    *(
        "label=1:person",
        "label<3:bus",
        "label:*",
        "faces=2",
        "faces>=1",
        "conf>=0.8",
        "conf>=0.5",
        "conf>=0.95",
    ),
    *(
        "taken:2008",
        "taken:2009..",
        "taken:..2008-06",
        "taken<2010",
        "near:46.95,7.45,5km",
        "near:46.95,7.45,50",
    ),
    *(
        "near:-18,-179.9,99",
        "path:birthday",
        "path:2008/bir*",
        "camera:canon",
        "camera:x",
        "type:video",
        "type:photo",
    ),
    *(
        "tag:rome",
        "tag:hol*",
        "title:lake",
        'title:"at the"*',
        "rating>=3",
        "rating<1",
        "rating:9",
        "is:located",
        "is:partial",
        "is:annotated",
        "is:dated",
        "is:named",
        "taken:nonsense",
        "faces:",
        "12:30",
    ),
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteIndex]:
    output = Output(tmp_path_factory.mktemp("fuzz"))
    write_collection(output)
    output.index()
    with output.open() as index:
        yield index


@pytest.fixture(scope="module")
def documents(index: SqliteIndex) -> list[Document]:
    return list(index.iter_documents(Everything()))


def typed(chance: random.Random, depth: int = 0) -> str:
    """A query with all that the language has, and some noise."""
    parts = []
    for _ in range(chance.randrange(1, 5)):
        kind = chance.random()
        if kind < 0.35:
            part = chance.choice(WORDS) + chance.choice(("", "", "*"))
        elif kind < 0.8:
            part = chance.choice(FIELDS)
        elif kind < 0.88 and depth < 3:
            part = f"({typed(chance, depth + 1)}{chance.choice(('', ')', ')', ')'))}"
        elif kind < 0.94:
            part = f'"{chance.choice(WORDS)} {chance.choice(WORDS)}{chance.choice(("", chr(34)))}'
        else:
            part = chance.choice(NOISE) + chance.choice(WORDS)
        parts.append(chance.choice(("", "", "", "-")) + part)
        parts.append(chance.choice((" ", " ", " ", " OR ", "  ")))
    return "".join(parts)


@pytest.mark.parametrize("seed", range(20))
def test_a_hundred_random_queries_find_what_they_mean(
    seed: int, index: SqliteIndex, documents: list[Document]
) -> None:
    chance = random.Random(seed)
    found_some = 0
    for _ in range(100):
        query = typed(chance)
        question = understand(query, index)
        hits = index.search(question.condition, Page(100))
        expected = {one.path for one in documents if holds(question.condition, one)}
        assert {hit.path for hit in hits.hits} == expected, query
        assert hits.is_complete
        assert index.count(question.condition).files == len(expected), query
        assert {one.path for one in index.iter_documents(question.condition)} == expected, query
        assert dict(index.facets(question.condition, [Facet.TYPE], 9).values[Facet.TYPE]) == of_types(
            documents, expected
        )
        assert "\n" not in "".join(explanation(question))
        found_some += bool(expected)
    assert found_some > 20, "the queries are not all vain"


@pytest.mark.parametrize(
    "query",
    [
        " ".join(f"label:l{n}" for n in range(70)),
        " ".join(f"(label:l{n} OR label:l{n + 1})" for n in range(40)),
        " OR ".join(f"(label:l{n} name:n{n} dog{n})" for n in range(40)),
        " ".join(f"-(label:l{n} path:a{n})" for n in range(40)),
        " ".join(f'"a {n}"*' for n in range(70)),
        "(" * 900 + "label:l1" + ")" * 900,
        "label:l* name:n* " * 30,
        "tag:t* label:l1 -label:l2",
        " ".join(f"(tag:t{n} OR title:t{n})" for n in range(40)),
        "near:0,0,5000 near:0,90,5000 near:10,170,9000 near:-80,0,1000",
    ],
    ids=lambda query: query[:20],
)
def test_a_query_may_be_as_large_as_it_gets(tmp_path: Path, query: str) -> None:
    output = Output(tmp_path)
    many = [label(f"l{n}") for n in range(80)] + [name(f"n{n}") for n in range(80)]
    output.photo("all.jpg", *many, gps={"latitude": 1.0, "longitude": 50.0})
    output.video("all.mp4", {1.0: many})
    output.video("spread.mp4", {n * 30.0: [one] for n, one in enumerate(many)}, step_s=30.0)
    output.photo("one.jpg", label("l1"))
    output.photo("tags.jpg", label("l1"), keywords=[f"t{n}" for n in range(80)])
    output.index()
    with output.open() as index:
        question = understand(query, index)
        found = {hit.path for hit in index.search(question.condition, Page(10)).hits}
        expected = {one.path for one in index.iter_documents(Everything()) if holds(question.condition, one)}
        assert found == expected


def of_types(documents: list[Document], paths: set[bytes]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in documents:
        if one.path in paths:
            counts[one.kind.word] = counts.get(one.kind.word, 0) + 1
    return counts


def test_no_random_bytes_upset_a_query(index: SqliteIndex, tmp_path: Path) -> None:
    chance = random.Random(1)
    for _ in range(500):
        text = bytes(chance.randrange(256) for _ in range(chance.randrange(30)))
        question = understand(text.decode("utf-8", "surrogateescape"), index)
        assert index.search(question.condition, Page(100)).is_complete
        index.count(question.condition)
