"""Conditions in Solr's JSON Query DSL. Texts are values of the DSL, never parts of a query's syntax."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from search.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Everything,
    Flag,
    HasCamera,
    HasConfidence,
    HasFaces,
    HasFlag,
    HasRating,
    HasTerm,
    HasWords,
    MediaKind,
    NearPlace,
    Nothing,
    NotOf,
    OfKind,
    TakenBetween,
    Term,
    TextField,
    Together,
)
from search.documents import MAX_LADDER, MILLIONTHS
from search.solr.fields import count_range, step_range

Query: TypeAlias = dict[str, Any] | str

EVERYTHING = "*:*"
_WORDS = {TextField.PATH: "words", TextField.TITLE: "title"}
"""The fields that hold tokens."""


def query_of(condition: Condition, videos_of: Callable[[Together], Iterable[str]]) -> Query:
    """What has to hold of a document.

    Args:
        condition: resolved.
        videos_of: the ids of the videos for which things are together; Solr cannot compare times.
    """

    def each(conditions: Iterable[Condition]) -> list[Query]:
        return [query_of(one, videos_of) for one in conditions]

    match condition:
        case Everything():
            return EVERYTHING
        case Nothing():
            return _not(EVERYTHING)
        case AllOf(conditions):
            return {"bool": {"must": each(conditions)}}
        case AnyOf(conditions):
            return any_of(each(conditions))
        case NotOf(inner):
            return _not(query_of(inner, videos_of))
        case HasTerm():
            return any_of([_term(condition, term) for term in condition.terms])
        case HasWords():
            return _words(condition)
        case Together():
            videos = {"terms": {"f": "id", "query": ",".join(videos_of(condition))}}
            return any_of([_equals("kind", int(MediaKind.PHOTO)), videos])
    return _of_field(condition)


def any_of(queries: list[Query]) -> Query:
    """At least one of these holds."""
    return queries[0] if len(queries) == 1 else {"bool": {"should": queries}}


def behind(age: int, id_: str) -> Query:
    """What comes after a document in the order of results."""
    same = {"bool": {"must": [_equals("age", age), f'id:{{"{id_}" TO *]']}}
    return any_of([f"age:[{age + 1} TO *]", same])


def _not(query: Query) -> Query:
    return {"bool": {"must": EVERYTHING, "must_not": query}}


def _equals(field: str, value: int) -> Query:
    return f"{field}:[{value} TO {value}]"


def _term(condition: HasTerm, term: Term) -> Query:
    if condition.at_least > 1 and condition.confidence is not None:
        step = min(condition.at_least, MAX_LADDER)
        least = -(-round(condition.confidence * MILLIONTHS) // 1000) * 1000
        counted = count_range(term.kind, term.text, condition.at_least)
        return {"bool": {"must": [counted, step_range(term.kind, term.text, step, least)]}}
    if condition.at_least > 1:
        return count_range(term.kind, term.text, condition.at_least)
    if condition.confidence is not None:
        return step_range(term.kind, term.text, 1, round(condition.confidence * MILLIONTHS))
    return {"term": {"f": term.kind.name.lower(), "query": term.text}}


def _words(words: HasWords) -> Query:
    fields = [_WORDS[field] for field in TextField if words.field in (None, field)]
    return any_of([_words_in(field, words) for field in fields])


def _words_in(field: str, words: HasWords) -> Query:
    text = " ".join(words.tokens)
    if not words.prefix:
        return {"field": {"f": field, "query": text}}
    if len(words.tokens) == 1:
        return {"prefix": {"f": field, "query": text}}
    return {"complexphrase": {"df": field, "inOrder": "true", "query": f'"{text}*"'}}


def _of_field(condition: Condition) -> Query:
    match condition:
        case TakenBetween(first, last):
            return f"age:[{-last} TO {-first}]"
        case OfKind(kind):
            return _equals("kind", int(kind))
        case HasFlag(Flag.DATED):
            return "age:[* TO -1]"
        case HasFlag(flag):
            return {"term": {"f": "flag", "query": str(flag)}}
        case HasFaces(at_least):
            return f"faces:[{at_least} TO *]"
        case HasRating(least, most):
            return f"rating:[{least} TO {most}]"
        case HasCamera(cameras):
            return any_of([{"term": {"f": "camera", "query": camera}} for camera in cameras])
        case HasConfidence(least):
            return f"best:[{round(least * MILLIONTHS)} TO *]"
        case NearPlace(latitude, longitude, km):
            return {"geofilt": {"sfield": "place", "pt": f"{latitude},{longitude}", "d": km}}
    raise AssertionError(condition)
