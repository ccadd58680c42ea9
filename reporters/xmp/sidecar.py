"""Makes a sidecar's bytes from its old content and the findings; imported by the writer's `load()`."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.xmp.embedded import Embedded, parse_embedded, read_embedded
from pipeline.xmp.packet import Packet, PacketError
from reporters.xmp.merging import Roots, merge
from reporters.xmp.photo import Photo
from reporters.xmp.proposal import Found
from reporters.xmp.state import EXTENSION, PLACE, VERSION

__all__ = ["Embedded", "PacketError", "Photo", "Roots", "merged", "parse_embedded", "read_embedded"]


def merged(
    content: bytes | None,
    found: Sequence[Found],
    photo: Photo,
    roots: Roots,
    *,
    extension: str,
    is_beside: bool,
) -> bytes | None:
    """Return a sidecar's new content.

    Args:
        content: of the sidecar that is there; None if there is none.
        found: what it is to say.
        photo: what it is for.
        roots: of the keywords.
        extension: of the photo's name, such as `jpg`.
        is_beside: the sidecar lies beside the photo.
    Returns: the very same bytes if nothing changes; None if there is neither a sidecar nor anything to write.
    Raises: PacketError: the sidecar cannot be parsed, or has a form that XMP does not have.
    """
    if content is None and not found:
        return None
    packet = Packet.empty() if content is None else Packet(content)
    before = packet.serialized()
    if content is None and extension:
        packet.set_simple(EXTENSION, extension)
    merge(packet, found, photo, roots)
    if is_beside and packet.simple(VERSION) and packet.simple(PLACE) != "beside":
        packet.set_simple(PLACE, "beside")
    after = packet.serialized()
    return content if content is not None and after == before else after
