"""Descriptors of mined faces: the protocol, and the implementation that reads the photos.

Another implementation may keep descriptors from the run that found the faces, by content, box and network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from pipeline.errors import SourceError
from pipeline.frame import RgbArray
from pipeline.text import printable
from recognizers.faces.folderrecord import FaceFacts
from recognizers.networks.base import DescriptorArray, FaceNetworkRecord
from recognizers.networks.facenetwork import chosen_network, load_network, network_record
from recognizers.networks.probe import probe_of_picture
from recognizers.unknown.minedfaces import MinedFace
from recognizers.unknown.pictures import face_picture
from recognizers.unknown.reading import by_file, in_parallel, iter_frames_with


class DescribedFace(NamedTuple):
    """A face and its descriptor.

    Args:
        face: the face.
        descriptor: (D,) float32; None if the face cannot be described: its file is gone or changed, or the
            network needs landmarks that it does not have.
    """

    face: MinedFace
    descriptor: DescriptorArray | None


class FaceDescriber(Protocol):
    """Describes mined faces by one network. Distances are only comparable between faces of one network."""

    @property
    def network(self) -> FaceNetworkRecord:
        """The network, with the hashes of its files."""

    def descriptors_for(self, faces: Sequence[MinedFace]) -> Iterator[DescribedFace]:
        """Yield every one of these faces once, in any order, those of one file together."""


class PixelDescriber:
    """Describes faces by reading their photos and videos, on all cores, as `crop` and `train` do.

    Args:
        network: name of the network, see `recognizers.networks.facenetwork.network_named`; `default` for the
            best that is installed.
        facts: how faces are prepared: aligned or not, and with which margin.
        problems: gains a sentence for each file that cannot be read.
        on_picture: called with each face and its picture, in several threads at once.
    Raises: ModelError: the network is not installed, or cannot be used.
    """

    def __init__(
        self,
        network: str,
        facts: FaceFacts,
        problems: list[str],
        on_picture: Callable[[MinedFace, RgbArray], None] | None = None,
    ) -> None:
        self._facts = facts
        self._on_picture = on_picture
        self._problems = problems
        self._network = network_record(chosen_network(network, aligned=facts.aligned))
        self._loaded = load_network(self._network)

    @property
    def network(self) -> FaceNetworkRecord:
        """The network, with the hashes of its files."""
        return self._network

    def descriptors_for(self, faces: Sequence[MinedFace]) -> Iterator[DescribedFace]:
        """Yield every one of these faces once, those of one file together."""
        for described, problem in in_parallel(self._of_file, by_file(faces)):
            if problem is not None:
                self._problems.append(problem)
            yield from described

    def _of_file(self, faces: list[MinedFace]) -> tuple[list[DescribedFace], str | None]:
        found: dict[int, DescriptorArray] = {}
        problem = None
        try:
            for frame, shown in iter_frames_with(faces):
                for face in shown:
                    picture = face_picture(frame, face, self._facts)
                    if picture is not None:
                        if self._on_picture is not None:
                            self._on_picture(face, picture)
                        found[id(face)] = self._described(picture)
        except SourceError as error:
            problem = f"{printable(faces[0].path)}: {error.sentence}"
        return [DescribedFace(face, found.get(id(face))) for face in faces], problem

    def _described(self, picture: RgbArray) -> DescriptorArray:
        landmarks = self._facts.aligned or self._loaded.aligns_itself
        return self._loaded.describe(probe_of_picture(picture, self._facts, landmarks=landmarks))
