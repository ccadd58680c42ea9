"""Keywords in the three forms that photo programs read, as paths from the general to the particular.

| property | form | read by |
| --- | --- | --- |
| dc:subject | `Anna` | all; some take nothing else |
| lr:hierarchicalSubject | `People|Anna` | Lightroom, darktable, digiKam, Immich |
| digiKam:TagsList | `People/Anna` | digiKam, Immich |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipeline.xmp.names import HIERARCHICAL_SUBJECT, SUBJECT, TAGS_LIST
from pipeline.xmp.packet import Packet

Path = tuple[str, ...]
"""A keyword with its parents, such as `("People", "Anna")`."""


class Form(NamedTuple):
    """One property for keywords.

    Args:
        name: of the property.
        kind: of its list.
        separator: between the levels of a path; empty: it has the last level alone.
        substitute: for the separator inside a level.
    """

    name: str
    kind: str
    separator: str
    substitute: str = ""

    def text(self, path: Path) -> str:
        """A keyword as it stands in this property."""
        if not self.separator:
            return path[-1]
        return self.separator.join(level.replace(self.separator, self.substitute) for level in path)

    def path(self, text: str) -> Path:
        """The keyword that a text of this property means; empty for none."""
        levels = text.split(self.separator) if self.separator else [text]
        return tuple(level for level in (level.strip() for level in levels) if level)


FLAT = Form(SUBJECT, "Bag", "")
FORMS = (
    FLAT,
    Form(HIERARCHICAL_SUBJECT, "Bag", "|", "-"),
    Form(TAGS_LIST, "Seq", "/", "\\"),  # as digiKam does it
)


def full_paths(items: dict[str, list[str]], more: Sequence[str] = ()) -> list[Path]:
    """The keywords that lists say together, each once.

    A flat keyword that is a level of a path is that path's own and stands for nothing else.

    Args:
        items: texts by property.
        more: other flat keywords, such as IPTC's.
    """
    paths = [form.path(text) for form in FORMS if form.separator for text in items.get(form.name, ())]
    levels = {level for path in paths for level in path}
    flat = [FLAT.path(text) for text in (*items.get(SUBJECT, ()), *more)]
    paths += [path for path in flat if path and path[0] not in levels]
    return list(dict.fromkeys(path for path in paths if path))


def read_items(packet: Packet | None) -> dict[str, list[str]]:
    """The texts of a packet's keyword lists by property; a list that is missing is missing here.

    Raises: PacketError: one is no list.
    """
    if packet is None:
        return {}
    return {form.name: packet.items(form.name) for form in FORMS if packet.has(form.name)}


def without(texts: Iterable[str], others: Iterable[str]) -> list[str]:
    """The texts that are not among the others, in their order."""
    gone = set(others)
    return [text for text in texts if text not in gone]
