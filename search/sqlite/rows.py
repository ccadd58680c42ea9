"""Convert between the values of a document and the columns of the tables."""

from __future__ import annotations

from search.documents import MILLIONTHS, Document, millionths
from search.sql import NO_CONFIDENCE, step_of
from search.sqlite.schema import LADDER_DIGITS


def confidence_read(stored: int | None) -> float | None:
    """Return a stored confidence as 0 to 1."""
    return None if stored is None else stored / MILLIONTHS


def ladder_stored(ladder: tuple[float | None, ...]) -> str | None:
    """Return the steps in thousandths, rounded down, with a fixed number of digits; None for one step."""
    if len(ladder) < 2:
        return None
    return "".join(f"{step_of(step):0{LADDER_DIGITS}d}" for step in ladder)


def ladder_read(stored: str | None, best: int | None) -> tuple[float | None, ...]:
    """Return the steps of a stored ladder. Only the first one is more exact than a thousandth."""
    if stored is None:
        return (confidence_read(best),)
    steps = [int(stored[at : at + LADDER_DIGITS]) for at in range(0, len(stored), LADDER_DIGITS)]
    rest = (None if step == NO_CONFIDENCE else step / 1000 for step in steps[1:])
    return (confidence_read(best), *rest)


def surest(document: Document) -> int | None:
    """Return the best confidence of any box as stored, or None."""
    steps = [one.ladder[0] for one in document.sightings if one.ladder[0] is not None]
    return millionths(max(steps, default=None))


def reports_stored(document: Document) -> bytes | None:
    """Return the names of the reports, or None if there is only `name.json`."""
    return None if document.reports == (document.name + b".json",) else b"\0".join(document.reports)


def reports_read(stored: bytes | None, name: bytes) -> tuple[bytes, ...]:
    """Return the names of the reports of a file."""
    return (name + b".json",) if stored is None else tuple(stored.split(b"\0"))


def root_of(document: Document) -> tuple[bytes, bytes | None]:
    """Return INPUT's folder, and the source's path if it is not that folder plus `path`."""
    tail = b"/" + document.path
    if document.source.endswith(tail):
        return document.source[: -len(tail)], None
    return b"", document.source


def path_joined(folder: bytes, name: bytes) -> bytes:
    """Return the path below INPUT."""
    return folder + b"/" + name if folder else name


def year_of(age: int) -> int:
    """Return the year of a stored date, or 0."""
    return -age // 10**10
