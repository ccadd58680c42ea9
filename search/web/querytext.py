"""Changes to the text of a query, for links that narrow a search down."""

from __future__ import annotations

import re

_TERM = re.compile(r'(?:[^\s"]|"[^"]*(?:"|$))+')
"""A word with its quoted parts, in which spaces may stand."""
_JOINING = re.compile(r"[()|]|^OR$")


def terms_of(query: str) -> list[str]:
    """The terms of a query as typed, such as `name:anna` or `-label:"traffic light"`."""
    return _TERM.findall(query)


def removable_terms(query: str) -> list[str]:
    """The terms that can be taken out one by one; none if brackets or OR join some of them."""
    terms = terms_of(query)
    if any(_JOINING.search(re.sub(r'"[^"]*"?', "", term)) for term in terms):
        return []
    return list(dict.fromkeys(terms))


def with_term(query: str, term: str) -> str:
    """The query with one more term; unchanged if it has the term already."""
    return query if has_term(query, term) else f"{query.strip()} {term}".strip()


def without_term(query: str, term: str) -> str:
    """The query without a term of `terms_of`."""
    return " ".join(one for one in terms_of(query) if one != term)


def has_term(query: str, term: str) -> bool:
    """Whether the term stands in the query by itself."""
    return term in terms_of(query)


def field(name: str, value: str) -> str:
    """A term such as `name:anna` or `label:"traffic light"`."""
    return f"{name}:{value}" if re.fullmatch(r"\w+", value) else f'{name}:"{value.replace(chr(34), " ")}"'
