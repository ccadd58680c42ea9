"""Every string means something."""

from __future__ import annotations

import random
import re

import pytest

from search.conditions import (
    Flag,
    HasFaces,
    HasFlag,
    HasRating,
    MediaKind,
    NearPlace,
    OfKind,
    TakenBetween,
    TermKind,
    TextField,
)
from search.parser import MAX_PARTS, parse
from search.syntax import And, CameraQuery, ConfidenceQuery, Not, Or, Query, TermQuery, TextWords, Words


def word(text: str, *tokens: str, **more: object) -> Words:
    return Words(text, tokens or (text,), **more)  # type: ignore[arg-type]


def label(text: str, **more: object) -> TermQuery:
    return TermQuery(TermKind.LABEL, text, **more)  # type: ignore[arg-type]


def name(text: str, **more: object) -> TermQuery:
    return TermQuery(TermKind.NAME, text, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("dog", word("dog")),
        ("dog cat", And((word("dog"), word("cat")))),
        ("dog AND cat", And((word("dog"), word("cat")))),
        ("dog OR cat bird", Or((word("dog"), And((word("cat"), word("bird")))))),
        ("dog | cat", Or((word("dog"), word("cat")))),
        ("-dog", Not(word("dog"))),
        ("--dog", Not(word("dog"))),
        ("NOT dog", Not(word("dog"))),
        ("-(dog cat)", Not(And((word("dog"), word("cat"))))),
        ('"hot dog"', word("hot dog", "hot", "dog", quoted=True)),
        ("\u201chot dog\u201d", word("hot dog", "hot", "dog", quoted=True)),
        ("birth*", word("birth", prefix=True)),
        ("IMG_12*", word("IMG_12", "img", "12", prefix=True)),
        ("hot-dog", word("hot-dog", "hot", "dog")),
        ("or and not", And((word("or"), word("and"), word("not")))),
        ('name:"Anna Müller"', name("Anna Müller")),
        ("NAME: anna", name("anna")),
        ("name:ann*", name("ann", prefix=True)),
        ("name:*", name("", prefix=True)),
        ("label>=3:person", label("person", at_least=3)),
        ("label>2:person", label("person", at_least=3)),
        ("label=2:person", And((label("person", at_least=2), Not(label("person", at_least=3))))),
        ("label=0:dog", Not(label("dog"))),
        ("label<2:dog", Not(label("dog", at_least=2))),
        ('label>=2:"wine glass"', label("wine glass", at_least=2)),
        ("faces=2", And((HasFaces(2), Not(HasFaces(3))))),
        ("faces:0", Not(HasFaces(1))),
        ("faces>=0", And()),
        ("conf>=0.8", ConfidenceQuery(0.8)),
        ("conf>=80%", ConfidenceQuery(0.8)),
        ("conf:.5", ConfidenceQuery(0.5)),
        ("taken:2008", TakenBetween(20080000000000, 20089999999999)),
        ("taken:2008-05", TakenBetween(20080500000000, 20080599999999)),
        ("taken:2008-05-17", TakenBetween(20080517000000, 20080517999999)),
        ("taken:2008-05-17T14:30", TakenBetween(20080517143000, 20080517143099)),
        ("taken:2008-5-7", TakenBetween(20080507000000, 20080507999999)),
        ("taken:20080517", TakenBetween(20080517000000, 20080517999999)),
        ("taken:2008/12", TakenBetween(20081200000000, 20081299999999)),
        ("taken:2008-05..2008-06", TakenBetween(20080500000000, 20080699999999)),
        ("taken:2009..2008", TakenBetween(20080000000000, 20099999999999)),
        ("taken:2008-2010", TakenBetween(20080000000000, 20109999999999)),
        ("taken:2008..", TakenBetween(20080000000000, 99999999999999)),
        ("taken:..2008", TakenBetween(1, 20089999999999)),
        ("taken>=2008-05", TakenBetween(20080500000000, 99999999999999)),
        ("taken<2008", TakenBetween(1, 20079999999999)),
        ("near:46.95,7.45,5km", NearPlace(46.95, 7.45, 5)),
        ("near:46.95, 7.45, 500m dog", And((NearPlace(46.95, 7.45, 0.5), word("dog")))),
        ("near:-33.9,18.4", NearPlace(-33.9, 18.4, 5)),
        ("path:2008/berlin", TextWords(TextField.PATH, ("2008", "berlin"))),
        ("title:lak*", TextWords(TextField.TITLE, ("lak",), prefix=True)),
        ("rating>=4", HasRating(4, 5)),
        ("rating<2", HasRating(-1, 1)),
        ('camera:"powershot g7"', CameraQuery("powershot g7", ("powershot", "g", "7"))),
        ("type:Video", OfKind(MediaKind.VIDEO)),
        ("is:located", HasFlag(Flag.LOCATED)),
        ("is:photo", OfKind(MediaKind.PHOTO)),
    ],
)
def test_language(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    "text", ["", " ", "-", "- -", "AND", "OR", "()", "(", ")", "((()", "*", '"', '""', "-()"]
)
def test_what_asks_for_nothing_is_true_of_every_file(text: str) -> None:
    assert parse(text) == And()


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("birthday (2008", And((word("birthday"), word("2008")))),
        ('"unclosed', word("unclosed", quoted=True)),
        ("dog OR", word("dog")),
        ("OR dog", word("dog")),
        ("dog)cat", And((word("dog"), word("cat")))),
        (r"c:\photos", word(r"c:\photos", "c", "photos")),
        ("12:30", word("12:30", "12", "30")),
        ("dog NOT", And((word("dog"), word("NOT", "NOT")))),
    ],
)
def test_what_is_broken_is_mended(text: str, query: Query) -> None:
    assert _without_tokens_case(parse(text)) == _without_tokens_case(query)


@pytest.mark.parametrize(
    "text",
    [
        *("name:", "taken:yesterday", "taken:2008-13", "near:here", "near:91,0,5", "near:1,2,3foo"),
        *("faces=many", "conf>=2000", "type:song", "is:nice", "camera:", "conf<0.5", "path:-", "label:"),
    ],
)
def test_a_field_with_no_value_of_its_kind_is_words_and_says_so(text: str) -> None:
    query = parse(text)
    assert isinstance(query, Words)
    assert query.tokens[0] == re.split("[:<>=]", text)[0]
    assert text in query.remark


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("labl:dog", 'did you mean "label"?'),
        ("date:2008", "known: camera, conf"),
        ("-Nme=anna", 'did you mean "name"?'),
    ],
)
def test_an_unknown_field_is_words_with_a_remark(text: str, remark: str) -> None:
    query = parse(text)
    query = query.part if isinstance(query, Not) else query
    assert isinstance(query, Words)
    assert "there is no field" in query.remark
    assert remark in query.remark


@pytest.mark.parametrize("text", ["12:30", "http://example", "note:", "a:b", '"labl:dog"'])
def test_not_every_colon_is_a_field(text: str) -> None:
    query = parse(text)
    assert isinstance(query, Words)
    assert query.remark == ""


def test_brackets_may_be_nested_as_deep_as_anybody_likes() -> None:
    assert parse("(" * 1500 + "dog") == word("dog")
    assert parse("-" * 1500 + "dog") == Not(word("dog"))


def test_a_query_of_thousands_of_words_is_cut() -> None:
    query = parse("a " * 5000)
    assert isinstance(query, And)
    assert len(query.parts) == MAX_PARTS


def test_twenty_thousand_random_strings_are_parsed() -> None:
    chance = random.Random(8)
    pieces = [
        "name:",
        "label>=3:",
        "faces=",
        "conf>=0.",
        "taken:",
        "near:46.9,7.4,",
        "path:",
        "camera:",
        "type:",
    ]
    pieces += [
        "is:",
        "OR",
        "AND",
        "NOT",
        "-",
        "(",
        ")",
        '"',
        "*",
        " ",
        " ",
        "\t",
        "dog",
        "2008",
        "..",
        "ü",
        "東京",
        ":",
    ]
    pieces += [
        "\ud800",
        "\x00",
        "\x1b[2J",
        "'",
        ";",
        "\\",
        "{",
        "}",
        "^",
        "~",
        "%",
        "_",
        "\u202e",
        "\u201c",
        "=",
        ">",
    ]
    for _ in range(20_000):
        parse("".join(chance.choices(pieces, k=chance.randrange(12))))


def _without_tokens_case(query: Query) -> str:
    return repr(query).casefold()
