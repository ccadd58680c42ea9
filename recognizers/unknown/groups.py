"""Groups of unknown faces whose numbers stay the same from run to run.

A group keeps its number and its faces; new faces join it or form new groups. Two numbered groups are never
joined by the program: that they look alike is said, and people decide.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.detections import Box
from recognizers.faces.facekey import FaceKey
from recognizers.networks.base import DescriptorArray
from recognizers.networks.facenetwork import SFACE
from recognizers.teaching.grouping import DESCRIPTOR_DISTANCES
from recognizers.unknown.describing import FaceDescriber
from recognizers.unknown.groupfile import GroupedFace, GroupState, encoded
from recognizers.unknown.linkage import Node, alike, link
from recognizers.unknown.tracks import Track

_SAME_FACE_IOU = 0.5
ELSEWHERE = 0
"""Where a person has put a face that is in no group any more."""


@dataclass(frozen=True)
class Groups:
    """Unknown faces in groups that probably show one person each.

    Args:
        numbered: number -> its faces of this collection, the largest group first.
        singles: faces that are like no other.
        undescribed: faces that cannot be compared: their file is missing, or they have no landmarks.
        new: keys of the faces that were not known before.
        uncut: faces whose pictures were never written into a folder: key of the face -> key in the state.
        alike: pairs of numbers of groups that may show the same person, the most alike first.
        state: to be written for the next time.
    """

    numbered: Mapping[int, Sequence[Track]]
    singles: Sequence[Track]
    undescribed: Sequence[Track]
    new: frozenset[FaceKey]
    uncut: Mapping[FaceKey, FaceKey]
    alike: Sequence[tuple[int, int]]
    state: GroupState


def usual_distance(network: str) -> float:
    """Return the distance up to which groups are joined by default, for the name of a network."""
    return DESCRIPTOR_DISTANCES.get(network, DESCRIPTOR_DISTANCES[SFACE])


def group_tracks(
    tracks: Sequence[Track],
    describer: FaceDescriber,
    state: GroupState,
    *,
    distance: float | None = None,
    merges: Iterable[Sequence[int]] = (),
    placed: Mapping[FaceKey, int] | None = None,
) -> Groups:
    """Group unknown faces, and keep the groups of the last run.

    Args:
        tracks: of all unknown faces of a collection, in any order.
        describer: describes those faces whose descriptors the state does not hold.
        state: of the last time.
        distance: largest root mean squared distance at which groups are joined; None: that of the network.
        merges: numbers of groups that people have merged.
        placed: where the pictures of faces lie now: number of a group, or `ELSEWHERE`.
    """
    memory = _Memory(state, describer, merges, placed or {})
    faces = [memory.face_of(track) for track in tracks]
    missing = [face.track.best for face in faces if face.track and face.is_to_be_described]
    fresh = {one.face.key: one.descriptor for one in describer.descriptors_for(missing)} if missing else {}
    for track, face in zip(tracks, faces, strict=True):
        if face.is_to_be_described:
            face.descriptor = fresh.get(track.best.key)
    everything = [*faces, *memory.absent()]
    _drop_odd_descriptors(everything)
    distance = usual_distance(describer.network.name) if distance is None else distance
    grouped = [face for face in everything if not face.is_elsewhere]
    taken = max((face.own_number or 0 for face in everything), default=0)
    next_number = _assign(grouped, max(state.next_number, taken + 1), distance)
    here = [face for face in faces if not face.is_elsewhere]
    return Groups(
        numbered=_by_number(here),
        singles=[face.track for face in here if face.track and not face.number and face.is_described],
        undescribed=[face.track for face in here if face.track and not face.is_described],
        new=frozenset(face.key for face in here if face.is_new and face.is_described),
        uncut={face.track.best.key: face.key for face in here if face.track and _is_uncut(face)},
        alike=_alike(grouped, distance),
        state=GroupState(
            network=describer.network,
            next_number=next_number,
            faces=tuple(_remembered(face) for face in everything if face.track or face.is_remembered),
        ),
    )


@dataclass
class _Face:
    """A face that takes part in a grouping.

    Args:
        key: which face it is; as the state has it if it is known.
        number: of its group; None if it has none yet.
        descriptor: (D,), or None if it is not known.
        pictures: content and frame of everything in which it is seen.
        track: in this collection; None for a face that is not in it now.
        own_number: of its group without the merges of people, which may be undone.
        is_new: whether neither the state nor a folder holds it.
        is_remembered: whether the state holds it.
        is_elsewhere: whether a person has put it elsewhere, so that it is in no group.
        is_cut: whether its picture was written once, or lies in a folder now.
    """

    key: FaceKey
    number: int | None
    descriptor: DescriptorArray | None
    pictures: frozenset[tuple[str, int]]
    track: Track | None = None
    own_number: int | None = None
    is_new: bool = False
    is_remembered: bool = False
    is_elsewhere: bool = False
    is_cut: bool = False

    @property
    def is_described(self) -> bool:
        return self.descriptor is not None

    @property
    def is_to_be_described(self) -> bool:
        return self.descriptor is None and not self.is_elsewhere


class _Memory:
    """The known faces of the last run."""

    def __init__(
        self,
        state: GroupState,
        describer: FaceDescriber,
        merges: Iterable[Sequence[int]],
        placed: Mapping[FaceKey, int],
    ) -> None:
        same_network = state.network is not None and state.network.sha256 == describer.network.sha256
        number_of = _merged(merges)
        known = {FaceKey.parse(face.key): face for face in state.faces}
        self._unused: dict[FaceKey, _Face] = {}
        self._in_picture: dict[tuple[str, int], list[FaceKey]] = defaultdict(list)
        for key in dict.fromkeys((*known, *placed)):
            face = known.get(key)
            own = placed.get(key, face.group if face else None) or None
            self._unused[key] = _Face(
                key,
                number=None if own is None else number_of.get(own, own),
                descriptor=face.numbers if face and same_network else None,
                pictures=frozenset({key[:2]}),
                own_number=own,
                is_elsewhere=placed.get(key) == ELSEWHERE,
                is_remembered=face is not None,
                is_cut=key in placed or (face is not None and face.is_cut),
            )
            self._in_picture[key[:2]].append(key)

    def face_of(self, track: Track) -> _Face:
        """Return the face of a track, with what is known about it."""
        seen_in = frozenset((face.sha256, face.frame) for face in track.faces)
        key = self._known_key(track.best.key)
        known = None if key is None else self._unused.pop(key, None)
        if known is None:
            return _Face(track.best.key, None, None, seen_in, track, is_new=True)
        known.track, known.pictures = track, seen_in | known.pictures
        return known

    def absent(self) -> list[_Face]:
        """Return the known faces that belong to no track."""
        return list(self._unused.values())

    def _known_key(self, key: FaceKey) -> FaceKey | None:
        """Return the key of a known face with the same box, or with the one that overlaps it most."""
        if key in self._unused:
            return key
        box = Box(*key.box)
        known = [other for other in self._in_picture.get(key[:2], ()) if other in self._unused]
        best = max(known, key=lambda other: box.iou(Box(*other.box)), default=None)
        return best if best is not None and box.iou(Box(*best.box)) >= _SAME_FACE_IOU else None


def _merged(merges: Iterable[Sequence[int]]) -> dict[int, int]:
    """Return number -> smallest number of the groups that it was merged with."""
    root: dict[int, int] = {}

    def find(number: int) -> int:
        while root.get(number, number) != number:
            number = root[number]
        return number

    for merge in merges:
        roots = sorted(find(number) for number in merge)
        for other in roots:
            root[other] = roots[0]
    return {number: find(number) for number in root}


def _assign(faces: Sequence[_Face], next_number: int, distance: float) -> int:
    """Give numbers to faces that have none; returns the next free number."""
    described = [face for face in faces if face.descriptor is not None]
    ids: dict[tuple[str, int], int] = {}
    owners: list[list[_Face]] = _groups_and_faces(described)
    nodes = [_node(own, ids, is_numbered=own[0].number is not None) for own in owners]
    joined = [[face for index in group for face in owners[index]] for group in link(nodes, distance)]
    joined.sort(key=lambda group: -len(group))
    for group in joined:
        if len(group) < 2:
            continue
        number = next((face.number for face in group if face.number is not None), None)
        if number is None:
            number, next_number = next_number, next_number + 1
        for face in group:
            face.number = number
    return next_number


def _groups_and_faces(faces: Iterable[_Face]) -> list[list[_Face]]:
    """Return the faces of each numbered group together, and the other faces one by one."""
    numbered: dict[int, list[_Face]] = {}
    alone = []
    for face in faces:
        if face.number is None:
            alone.append([face])
        else:
            numbered.setdefault(face.number, []).append(face)
    return [*numbered.values(), *alone]


def _node(faces: Sequence[_Face], ids: dict[tuple[str, int], int], *, is_numbered: bool) -> Node:
    pictures = {ids.setdefault(picture, len(ids) + 1) for face in faces for picture in face.pictures}
    if is_numbered:
        pictures.add(0)  # common to all numbered groups, so that they are not joined
    return Node(
        np.stack([face.descriptor for face in faces if face.descriptor is not None]), frozenset(pictures)
    )


def _alike(faces: Sequence[_Face], distance: float) -> list[tuple[int, int]]:
    described = [face for face in faces if face.descriptor is not None and face.number is not None]
    owners = _groups_and_faces(described)
    ids: dict[tuple[str, int], int] = {}
    nodes = [_node(own, ids, is_numbered=False) for own in owners]
    numbers = [own[0].number or 0 for own in owners]
    pairs = [sorted((numbers[first], numbers[second])) for first, second in alike(nodes, distance)]
    return [(first, second) for first, second in pairs]


def _by_number(faces: Iterable[_Face]) -> dict[int, list[Track]]:
    numbered: dict[int, list[Track]] = defaultdict(list)
    for face in faces:
        if face.track is not None and face.number is not None:
            numbered[face.number].append(face.track)
    return dict(sorted(numbered.items(), key=lambda item: (-len(item[1]), item[0])))


def _remembered(face: _Face) -> GroupedFace:
    descriptor = None if face.descriptor is None else encoded(face.descriptor)
    number = face.own_number or face.number
    return GroupedFace(key=str(face.key), group=number, descriptor=descriptor, is_cut=face.is_cut)


def _is_uncut(face: _Face) -> bool:
    return face.is_described and not face.is_cut


def _drop_odd_descriptors(faces: Sequence[_Face]) -> None:
    """Forget descriptors of another length than most, which an edited file may hold."""
    lengths = Counter(len(face.descriptor) for face in faces if face.descriptor is not None)
    for face in faces:
        if face.descriptor is not None and len(face.descriptor) != lengths.most_common(1)[0][0]:
            face.descriptor = None
