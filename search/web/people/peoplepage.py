"""What the pages of people show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.text import printable
from recognizers.corrections.entry import Action, Entry
from recognizers.corrections.lookup import Corrections
from recognizers.faces.facekey import FaceKey
from recognizers.faces.foldername import group_number
from search.backend import Count, Page
from search.conditions import TermKind
from search.documents import UNKNOWN
from search.question import understand
from search.sqlite.index import SqliteIndex
from search.web.library import Library
from search.web.people.facesview import ALONE, FacesView, ShownFace
from search.web.people.filelinks import FileLinks
from search.web.people.names import people_of
from search.web.people.personfaces import PersonFace, faces_of
from search.web.people.teaching import Plan
from search.web.querytext import field as query_field
from search.web.texts import TEXTS
from search.web.views import Choice, face_href, search_href

GROUPS = 24
"""Groups on a page."""
SAMPLES = 6
"""Faces of each."""
FACES = 120
"""Faces on the page of a group."""
_HITS = 40
"""Files on the page of a person."""
_MOST_NAMES = 2_000


@dataclass(frozen=True, slots=True)
class Change:
    """A correction, for people.

    Args:
        correction: its number in the log.
        text: what it says.
        when: date and time.
    """

    correction: int
    text: str
    when: str


@dataclass(frozen=True, slots=True)
class FaceView:
    """One face on a page.

    Args:
        id: in forms.
        picture: address of its picture.
        href: address of its photo or video; empty if the index does not have it.
        title: where it is from.
    """

    id: str
    picture: str
    href: str
    title: str


def known_people(index: SqliteIndex) -> list[Choice]:
    """People with names, most files first; faces without a name come last."""
    terms = sorted(
        (term for term in index.vocabulary().terms if term.kind is TermKind.NAME),
        key=lambda term: (term.text == UNKNOWN, -term.files, term.key),
    )
    return [
        Choice(
            printable(term.text),
            f"{term.files:,}",
            search_href(query_field("name", term.text)),
            False,
            face_href(term.text),
        )
        for term in terms
    ]


def names_to_choose(index: SqliteIndex, faces: Path) -> list[str]:
    """The names for completion: people with a folder, and those of the index."""
    names = {term.text for term in index.vocabulary().terms if term.kind is TermKind.NAME} - {UNKNOWN}
    return sorted(names | set(people_of(faces)), key=str.casefold)[:_MOST_NAMES]


def count_files(index: SqliteIndex) -> Count:
    """How many files the index has."""
    return index.count(understand("", index).condition)


def groups_page(view: FacesView, page: int) -> dict[str, Any]:
    """The groups of unknown faces, the largest first.

    Args:
        view: the groups.
        page: from 0.
    """
    groups = view.groups(page * GROUPS, GROUPS, SAMPLES)
    total = view.count_groups()
    alike = view.alike()
    shown = {group.number for group in groups}
    return {
        "groups": groups,
        "group_count": f"{total:,}",
        "alike": {one: other for one, other in alike.items() if one in shown and view.count(other)},
        "samples": {other: _sample(view, other) for other in set(alike.values())},
        "alone": f"{view.count(ALONE):,}",
        "undescribed": view.fact("undescribed"),
        "older": f"/people?page={page + 1}#unknown" if (page + 1) * GROUPS < total else "",
        "newer": ("/people#unknown" if page == 1 else f"/people?page={page - 1}#unknown") if page else "",
    }


def teach_text(plan: Plan) -> str:
    """What teaching would do, in a sentence."""
    if not plan.pictures:
        return TEXTS["teach_nobody"]
    if not plan.trains:
        return TEXTS["teach_behind"] if plan.is_behind else TEXTS["teach_none"]
    count, text = (plan.new, "teach_new") if plan.new else (plan.removed, "teach_removed")
    return f"{count:,} {TEXTS[text if count > 1 else f'{text}_one']}"


def group_page(
    library: Library, view: FacesView, names: Sequence[str], number: int, page: int
) -> dict[str, Any]:
    """The faces of one group.

    Args:
        library: the index.
        view: the groups.
        names: for completion.
        number: of the group; `ALONE` for faces that are like no other.
        page: from 0.
    """
    total = view.count(number)
    links = FileLinks(library.index())
    address = f"/people/group/{number}"
    return {
        "number": number,
        "is_alone": number == ALONE,
        "count": total,
        "faces": [_face_view(one, links) for one in view.faces(number, page * FACES, FACES)],
        "names": names,
        "older": f"{address}?page={page + 1}" if (page + 1) * FACES < total else "",
        "newer": (address if page == 1 else f"{address}?page={page - 1}") if page else "",
    }


def person_page(
    index: SqliteIndex, said: Corrections, names: Sequence[str], name: str, after: str | None
) -> dict[str, Any]:
    """The faces that runs have given a name, newest first.

    Args:
        index: the index.
        said: corrections: faces that were corrected since are left out.
        names: for completion.
        name: the person's, exactly.
        after: the page's cursor.
    """
    condition = understand(query_field("name", name), index).condition
    hits = index.search(condition, Page(_HITS, after))
    documents = [index.document(hit.path) for hit in hits.hits]
    faces = [face for one in documents if one is not None for face in faces_of(one, name)]
    shown = [face for face in faces if not _is_corrected(face, said)]
    return {
        "person": name,
        "count": str(index.count(condition)),
        "search": search_href(query_field("name", name)),
        "faces": [
            FaceView(face.id, f"/people/face/{face.id}", face.href, face.description) for face in shown
        ],
        "names": [one for one in names if one != name],
        "after": hits.next or "",
    }


def described(entry: Entry) -> Change:
    """Return a correction in words."""
    count = _count(entry)
    faces = TEXTS["one_face"] if count == 1 else f"{count:,} {TEXTS['faces']}"
    name = printable(entry.name or "")
    match entry.do:
        case Action.NAME if entry.name == UNKNOWN:
            text = f"{faces}: {TEXTS['is_stranger']}"
        case Action.NAME:
            text = f"{faces}: {name}"
        case Action.NOT_NAME if (number := group_number(name)) is not None:
            text = f"{faces}: {TEXTS['moved_out']} {number}"
        case Action.NOT_NAME:
            text = f"{faces}: {TEXTS['not']} {name}"
        case Action.NOT_A_FACE:
            text = f"{faces}: {TEXTS['not_a_face']}"
        case _:
            text = f"{TEXTS['merged']} {', '.join(map(str, entry.groups))}"
    return Change(entry.id, text, entry.when[:16].replace("T", " "))


def _count(entry: Entry) -> int:
    """How many faces people see: those of one video count once."""
    frames: dict[str, list[int]] = {}
    for face in entry.faces:
        frames.setdefault(face.sha256, []).append(face.frame)
    return sum(1 if any(own) else len(own) for own in frames.values())


def _is_corrected(face: PersonFace, said: Corrections) -> bool:
    """Whether a later correction says that the face does not show this person."""
    if face.document.sha256 is None:
        return False
    key = FaceKey(face.document.sha256.hex(), face.frame, face.rect)
    return said.label(key, face.name) != face.name


def _face_view(one: ShownFace, links: FileLinks) -> FaceView:
    return FaceView(one.id, f"/people/crop/{one.id}", links.href(one.face), links.title(one.face))


def _sample(view: FacesView, number: int) -> str:
    faces = view.faces(number, 0, 1)
    return faces[0].id if faces else ""
