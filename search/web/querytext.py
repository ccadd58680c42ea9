"""Changes to the text of a query, for links that narrow a search down."""

from __future__ import annotations

import re


def with_term(query: str, term: str) -> str:
    """The query with one more term; unchanged if it has the term already."""
    return query if has_term(query, term) else f"{query.strip()} {term}".strip()


def without_term(query: str, term: str) -> str:
    """The query without a term that `with_term` put in."""
    return (
        " ".join(re.sub(_pattern(term), " ", query).split()) if '"' not in query.replace(term, "") else query
    )


def has_term(query: str, term: str) -> bool:
    """Whether the term stands in the query by itself."""
    return re.search(_pattern(term), query) is not None


def field(name: str, value: str) -> str:
    """A term such as `name:anna` or `label:"traffic light"`."""
    return f"{name}:{value}" if re.fullmatch(r"\w+", value) else f'{name}:"{value.replace(chr(34), " ")}"'


def _pattern(term: str) -> str:
    return rf"(?<!\S){re.escape(term)}(?!\S)"
