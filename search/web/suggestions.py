"""Searches to try instead of one that found nothing: words that the collection has, spelled alike."""

from __future__ import annotations

from difflib import get_close_matches

from search.conditions import TermKind
from search.tokens import key_of
from search.vocabulary import Vocabulary
from search.web.querytext import field as query_field

_MOST = 3
_MOST_WORDS = 8
_MOST_TERMS = 5_000
"""Only the most frequent terms are compared, so that the page of a large collection stays fast."""
_LIKENESS = 0.72


def suggestions(query: str, vocabulary: Vocabulary) -> list[str]:
    """Queries in which one word is replaced by a name, label or tag that is spelled alike.

    Args:
        query: the text as typed.
        vocabulary: what the collection has.
    """
    terms = sorted(vocabulary.terms, key=lambda term: -term.files)[:_MOST_TERMS]
    by_key = {term.key: term for term in reversed(terms)}
    words = query.split()
    found: list[str] = []
    for at, word in enumerate(words[:_MOST_WORDS]):
        sign = "-" if word.startswith("-") else ""
        value = key_of(word.removeprefix("-").rpartition(":")[2].strip('"()*'))
        if not value or value in by_key:
            continue
        for key in get_close_matches(value, by_key, _MOST, _LIKENESS):
            term = by_key[key]
            field = query_field(TermKind(term.kind).name.lower(), term.text)
            found.append(" ".join([*words[:at], sign + field, *words[at + 1 :]]))
    return found[:_MOST]
