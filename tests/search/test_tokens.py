"""One definition of a word."""

from __future__ import annotations

import pytest

from search.tokens import has_phrase, key_of, tokens_of


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("IMG_1234.jpg", "img 1234 jpg"),
        ("2008/Berlin-trip/DSC0017.JPG", "2008 berlin trip dsc 0017 jpg"),
        ("Müller", "muller"),
        ("Mu\u0308ller", "muller"),
        ("M\u00dcLLER", "muller"),
        ("Stra\u00dfe", "strasse"),
        ("S\u00f8ren \u0141ukasz", "soren lukasz"),
        ("\u0130stanbul ISTANBUL", "istanbul istanbul"),
        ("\uff21\uff22\uff23\uff11", "abc 1"),
        ("\u6771\u4eac2008", "\u6771 \u4eac 2008"),
        ("\u304c", "\u304c"),
        ("\u0928\u092e\u0938\u094d\u0924\u0947", "\u0928\u092e\u0938\u094d\u0924\u0947"),
        ("\u0391\u03b8\u03ae\u03bd\u03b1", "\u03b1\u03b8\u03b7\u03bd\u03b1"),
        ("cake\U0001f382party", "cake \U0001f382 party"),
        ("don't", "don t"),
        ("a\x1b[31mb\x00c", "a 31 mb c"),
        ("\ud800x", "x"),
        ("?!", ""),
    ],
)
def test_tokens(text: str, tokens: str) -> None:
    assert " ".join(tokens_of(text)) == tokens


@pytest.mark.parametrize(
    "text", ["IMG_1234", "\u0130\u0131", "Stra\u00dfe", "\ufb01x", "\u1e9e", "\u0587 \u0390"]
)
def test_tokens_of_tokens_are_the_same(text: str) -> None:
    assert tokens_of(" ".join(tokens_of(text))) == tokens_of(text)


def test_every_character_that_can_be_a_token_stays_one_when_folded_again() -> None:
    for number in range(0x110000):
        tokens = tokens_of(chr(number))
        assert tokens_of(" ".join(tokens)) == tokens, hex(number)


def test_a_label_of_punctuation_alone_is_its_own_key() -> None:
    assert key_of("?") == "?"
    assert key_of("Hot-Dog") == "hot dog"


def test_a_phrase_is_whole_tokens_side_by_side() -> None:
    assert has_phrase("anna maria muller", ("maria", "muller"), prefix=False)
    assert not has_phrase("anna maria muller", ("anna", "muller"), prefix=False)
    assert not has_phrase("annabel", ("anna",), prefix=False)
    assert has_phrase("annabel", ("anna",), prefix=True)
