"""Merges findings into a sidecar's packet: replaces this program's part and keeps everything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.xmp.keywords import FORMS, Form, Path, full_paths, read_items, without
from pipeline.xmp.packet import Packet
from reporters.xmp.faces import change_faces, plan_faces
from reporters.xmp.photo import Photo
from reporters.xmp.proposal import Found
from reporters.xmp.state import State, read_state, write_state


class Roots(NamedTuple):
    """The highest level of the keywords: of names, and of other labels."""

    people: str
    objects: str

    def path(self, found: Found) -> Path:
        """The keyword for one thing; `|` is the separator of levels, so it cannot be in a level."""
        root = self.people if found.is_name else self.objects
        return (root, found.text.replace("|", "-"))


def merge(packet: Packet, found: Sequence[Found], photo: Photo, roots: Roots) -> None:
    """Replace the findings of the last run in a sidecar's packet by those of this run.

    Keywords and regions that were removed by hand stay away for as long as the same is found. A foreign named
    region wins over a name found for the same face. Lists that are made here begin with what the photo, or
    the other lists, said before: programs take a sidecar's list in place of the photo's, not beside it.

    Raises: PacketError: a property has a form that XMP does not have; the packet is then of no use.
    """
    state = read_state(packet)
    faces = plan_faces(packet, state, found, photo)
    speaking = [one for one in found if one not in faces.overruled]
    paths = list(dict.fromkeys(map(roots.path, speaking)))
    items, kept, removed = _change_keywords(packet, state, paths, photo)
    change_faces(packet, faces, photo)
    if kept or removed or faces.written or faces.removed or state != State():
        write_state(packet, State(items, kept, removed, faces.written, faces.removed))


def _change_keywords(
    packet: Packet, state: State, paths: list[Path], photo: Photo
) -> tuple[dict[str, list[str]], list[Path], list[Path]]:
    """Change the keyword lists.

    Returns: the texts that are this program's, by property; the keywords that they mean; those that were
        removed by hand and are still found.
    """
    present = read_items(packet)
    gone = [path for path in state.paths if not _is_in_all(path, present)]
    removed = [path for path in paths if path in gone or path in state.removed_paths]
    wanted = [path for path in paths if path not in removed]
    foreign = {name: without(texts, state.items.get(name, ())) for name, texts in present.items()}
    items = {}
    for form in FORMS:
        texts = list(dict.fromkeys(form.text(path) for path in wanted))
        own = state.items.get(form.name, [])
        before = present.get(form.name, [])
        seeds = [] if not texts or form.name in present else _seeds(form, foreign, photo)
        add = without(texts, (*before, *seeds))
        remove = [text for text in without(own, texts) if text in before]
        packet.change_items(form.name, form.kind, remove=remove, add=(*seeds, *add))
        items[form.name] = [text for text in texts if text in add or (text in own and text in before)]
    return items, wanted, removed


def _is_in_all(path: Path, present: dict[str, list[str]]) -> bool:
    """Whether a keyword is in each list; one that was removed by hand may be left in some."""
    return all(form.text(path) in present.get(form.name, ()) for form in FORMS)


def _seeds(form: Form, foreign: dict[str, list[str]], photo: Photo) -> list[str]:
    """The first items of a new list, so that it does not hide keywords that the file states elsewhere."""
    more: Sequence[str] = ()
    if not any(foreign.values()):
        embedded = photo.read_embedded()
        foreign, more = read_items(embedded.packet), embedded.keywords
    verbatim = foreign.get(form.name, [])
    paths = full_paths(foreign, more)
    known = {form.path(text) for text in verbatim}
    others = (form.text(path) for path in paths if form.path(form.text(path)) not in known)
    return list(dict.fromkeys((*verbatim, *others)))
