"""The record of what this program wrote into a sidecar, kept in the sidecar in a separate namespace.

It is kept there because a sidecar is moved and copied with its photo. Programs that rewrite sidecars (exiv2,
exempi, exiftool) keep properties of namespaces that they do not know. A sidecar from which it was removed is
as a foreign one: what is in it stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.xmp.added import ADDED_FACES, Face, face_text, parse_face
from pipeline.xmp.keywords import FORMS, Path
from pipeline.xmp.names import qualified
from pipeline.xmp.packet import Packet

EXTENSION = qualified("photoshop:SidecarForExtension")
VERSION = qualified("dvm:sidecarVersion")
PLACE = qualified("dvm:sidecarPlace")
# No other namespace has these names: exiftool, and what is built on it, knows properties by name alone.
_WRITTEN = {
    form.name: qualified(f"dvm:{word}")
    for form, word in zip(FORMS, ("addedSubjects", "addedHierarchy", "addedTags"), strict=True)
}
_PATHS = qualified("dvm:addedKeywords")
_REMOVED_PATHS = qualified("dvm:removedKeywords")
_REMOVED_FACES = qualified("dvm:removedFaces")
_SEPARATOR = "|"


@dataclass
class State:
    """What was written, and what was removed by hand since.

    Args:
        items: by keyword property, the texts that this program added; others were there before.
        paths: the keywords that those stand for.
        removed_paths: keywords that were removed by hand.
        faces: the regions that this program added.
        removed_faces: those that were removed by hand.
    """

    items: dict[str, list[str]] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)
    removed_paths: list[Path] = field(default_factory=list)
    faces: list[Face] = field(default_factory=list)
    removed_faces: list[Face] = field(default_factory=list)


def read_state(packet: Packet) -> State:
    """Read what a sidecar says was written.

    Raises: PacketError: a list of it is none.
    """
    return State(
        {name: texts for name, kept in _WRITTEN.items() if (texts := packet.items(kept))},
        [_path(text) for text in packet.items(_PATHS)],
        [_path(text) for text in packet.items(_REMOVED_PATHS)],
        [face for text in packet.items(ADDED_FACES) if (face := parse_face(text))],
        [face for text in packet.items(_REMOVED_FACES) if (face := parse_face(text))],
    )


def write_state(packet: Packet, state: State) -> None:
    """Replace what a sidecar says was written."""
    if packet.simple(VERSION) != "1":
        packet.set_simple(VERSION, "1")
    for name, kept in _WRITTEN.items():
        _replace(packet, kept, state.items.get(name, []))
    _replace(packet, _PATHS, (_SEPARATOR.join(path) for path in state.paths))
    _replace(packet, _REMOVED_PATHS, (_SEPARATOR.join(path) for path in state.removed_paths))
    _replace(packet, ADDED_FACES, map(face_text, state.faces))
    _replace(packet, _REMOVED_FACES, map(face_text, state.removed_faces))


def _replace(packet: Packet, name: str, texts: Iterable[str]) -> None:
    texts, before = list(texts), packet.items(name)
    if texts != before:
        packet.change_items(name, "Bag", remove=before, add=texts)


def _path(text: str) -> Path:
    return tuple(text.split(_SEPARATOR))
