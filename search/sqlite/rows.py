"""From a document's values to what stands in the tables, and back."""

from __future__ import annotations

from search.documents import Document
from search.sqlite.schema import ANNOTATED, LADDER_DIGITS, LOCATED, MILLIONTHS, NAMED, NO_CONFIDENCE, PARTIAL


def confidence_stored(confidence: float | None) -> int | None:
    """Whole millionths."""
    return None if confidence is None else round(confidence * MILLIONTHS)


def confidence_read(stored: int | None) -> float | None:
    """The inverse."""
    return None if stored is None else stored / MILLIONTHS


def ladder_stored(ladder: tuple[float | None, ...]) -> str | None:
    """Thousandths, rounded down, of a fixed number of digits each; nothing where there is one step."""
    if len(ladder) < 2:
        return None
    return "".join(
        f"{NO_CONFIDENCE if step is None else round(step * MILLIONTHS) // 1000:0{LADDER_DIGITS}d}"
        for step in ladder
    )


def ladder_read(stored: str | None, best: int | None) -> tuple[float | None, ...]:
    """The steps of a ladder; the first one is known more exactly."""
    if stored is None:
        return (confidence_read(best),)
    steps = [int(stored[at : at + LADDER_DIGITS]) for at in range(0, len(stored), LADDER_DIGITS)]
    rest = (None if step == NO_CONFIDENCE else step / 1000 for step in steps[1:])
    return (confidence_read(best), *rest)


def surest(document: Document) -> int | None:
    """The best confidence of any box, stored; None where none has any."""
    steps = [one.ladder[0] for one in document.sightings if one.ladder[0] is not None]
    return confidence_stored(max(steps, default=None))


def flags_of(document: Document) -> int:
    """The bits of `file.flags`."""
    return (
        PARTIAL * document.is_partial
        | ANNOTATED * document.is_annotated
        | NAMED * document.is_named
        | LOCATED * (document.latitude is not None)
    )


def reports_stored(document: Document) -> bytes | None:
    """The names of its reports, unless there is one and it is called as usual."""
    return None if document.reports == (document.name + b".json",) else b"\0".join(document.reports)


def reports_read(stored: bytes | None, name: bytes) -> tuple[bytes, ...]:
    """The inverse."""
    return (name + b".json",) if stored is None else tuple(stored.split(b"\0"))


def root_of(document: Document) -> tuple[bytes, bytes | None]:
    """INPUT's folder, and the whole path of the source where it is not that folder and `path`."""
    tail = b"/" + document.path
    if document.source.endswith(tail):
        return document.source[: -len(tail)], None
    return b"", document.source


def path_joined(folder: bytes, name: bytes) -> bytes:
    """The path below INPUT."""
    return folder + b"/" + name if folder else name


def year_of(age: int) -> int:
    """The year of a stored date; 0 for none."""
    return -age // 10**10
