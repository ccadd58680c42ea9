"""Reads keywords, title, rating and named faces of a photo or video, from its sidecar and from the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.source import EmbeddedMetadata, Limits, Source, Turn
from pipeline.xmp.embedded import parse_embedded, read_embedded
from pipeline.xmp.keywords import FORMS, full_paths, read_items, without
from pipeline.xmp.namedfaces import named_faces, read_sidecars
from pipeline.xmp.names import RATING, TITLE
from pipeline.xmp.packet import Packet, PacketError
from reporters.description import MAX_FACES, MAX_KEYWORDS, DescribedFace, Description
from reporters.xmp.proposal import clean
from reporters.xmp.state import read_state


def describe(
    source: Source,
    size_wh: tuple[int, int],
    turn: Turn | None = None,
    metadata: EmbeddedMetadata | None = None,
) -> Description:
    """Return a file's keywords, title, rating and named faces, each from its sidecar, or else from the file.

    Keywords and faces that this program wrote are left out.

    Args:
        source: the photo or video.
        size_wh: upright width and height, pixels.
        turn: from a photo's stored picture to the upright one; None: no faces are read, as of videos.
        metadata: of the file, if it has been read already.
    """
    if metadata is None:
        embedded = read_embedded(source.path, source.format, Limits())
    else:
        embedded = parse_embedded(metadata)
    packets = list(read_sidecars(source.path))
    if embedded.packet is not None:
        packets.append(embedded.packet)
    faces, _ = named_faces(packets, size_wh, turn)
    shown = (DescribedFace(clean(face.name), face.box) for face in faces)
    described = describe_packets(packets, embedded.keywords)
    return described._replace(faces=tuple(face for face in shown if face.name)[:MAX_FACES])


def describe_packets(packets: Sequence[Packet], iptc: Sequence[str] = ()) -> Description:
    """Return the keywords, title and rating in packets, the most trusted first.

    Args:
        packets: of one file.
        iptc: keywords of IPTC, which count if no packet has any.
    """
    keywords = next(filter(None, map(_keywords, packets)), ()) or _texts(iptc)
    title = next(filter(None, map(_title, packets)), "")
    rating = next(filter(None, map(_rating, packets)), 0)
    return Description(keywords[:MAX_KEYWORDS], title, rating)


def _keywords(packet: Packet) -> tuple[str, ...]:
    try:
        state = read_state(packet)
        items = read_items(packet)
    except PacketError:
        return ()
    foreign = {form.name: without(items.get(form.name, ()), state.items.get(form.name, ())) for form in FORMS}
    return _texts("|".join(path) for path in full_paths(foreign))


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(clean, texts))))


def _title(packet: Packet) -> str:
    try:
        return clean(next(iter(packet.items(TITLE)), ""))
    except PacketError:
        return ""


def _rating(packet: Packet) -> int:
    try:
        rating = int(float(packet.simple(RATING) or 0))
    except (ValueError, OverflowError):
        return 0
    return rating if -1 <= rating <= 5 else 0
