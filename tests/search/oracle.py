"""What a condition means, one document at a time and as plainly as possible: what backends are tested by."""

from __future__ import annotations

import itertools

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
    NotOf,
    OfKind,
    TakenBetween,
    TextField,
    Together,
)
from search.documents import Document, Moment, readable
from search.geo import distance_km
from search.tokens import tokens_of


def holds(condition: Condition, document: Document) -> bool:
    """Whether a condition holds for a document."""
    match condition:
        case AllOf(conditions):
            return all(holds(one, document) for one in conditions)
        case AnyOf(conditions):
            return any(holds(one, document) for one in conditions)
        case NotOf(inner):
            return not holds(inner, document)
        case Everything():
            return True
        case HasTerm():
            return _has_term(condition, document)
        case HasWords(tokens, prefix, field):
            texts = {TextField.PATH: readable(document.path), TextField.TITLE: document.title}
            asked = [text for name, text in texts.items() if field in (None, name)]
            return any(_has_words(tokens, prefix, tokens_of(text)) for text in asked)
        case HasConfidence(least):
            sure = [one.ladder[0] for one in document.sightings]
            return any(one is not None and one >= least for one in sure)
        case HasCamera(cameras):
            return document.camera in cameras
        case TakenBetween(first, last):
            return first <= document.taken <= last
        case NearPlace(latitude, longitude, km):
            if document.latitude is None or document.longitude is None:
                return False
            return distance_km(latitude, longitude, document.latitude, document.longitude) <= km
        case OfKind(kind):
            return document.kind is kind
        case HasFlag(flag):
            return _has_flag(flag, document)
        case HasFaces(at_least):
            return document.faces >= at_least
        case HasRating(least, most):
            return least <= document.rating <= most
        case Together():
            return _together(condition, document)
    return False


def _has_term(condition: HasTerm, document: Document) -> bool:
    wanted = {(term.kind, term.text) for term in condition.terms}
    for one in document.sightings:
        if (one.kind, one.text) in wanted and one.most >= condition.at_least:
            step = one.ladder[min(condition.at_least, len(one.ladder)) - 1]
            if condition.confidence is None or step is None or step >= condition.confidence:
                return True
    return False


def _has_words(phrase: tuple[str, ...], prefix: bool, tokens: tuple[str, ...]) -> bool:
    for at in range(len(tokens) - len(phrase) + 1):
        here = tokens[at : at + len(phrase)]
        if here == phrase or (prefix and here[:-1] == phrase[:-1] and here[-1].startswith(phrase[-1])):
            return True
    return False


def _has_flag(flag: Flag, document: Document) -> bool:
    return {
        Flag.LOCATED: document.latitude is not None,
        Flag.PARTIAL: document.is_partial,
        Flag.ANNOTATED: document.is_annotated,
        Flag.DATED: document.taken > 0,
        Flag.NAMED: document.is_named,
    }[flag]


def _together(condition: Together, document: Document) -> bool:
    if document.kind is MediaKind.PHOTO:
        return True
    groups = []
    for group in condition.groups:
        wanted = {(term.kind, term.text) for term in group.terms}
        groups.append(
            [
                moment
                for moment in document.moments
                if (moment.kind, moment.text) in wanted
                and (group.confidence is None or (moment.confidence or 1) >= group.confidence)
            ]
        )
    return any(_near(chosen, condition.window_s) for chosen in itertools.product(*groups))


def _near(moments: tuple[Moment, ...], window_s: float) -> bool:
    """Whether one window of this length touches all of them."""
    return max(one.first_s for one in moments) - min(one.last_s for one in moments) <= window_s
