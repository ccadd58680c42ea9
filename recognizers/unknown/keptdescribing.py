"""Descriptors of mined faces from the run that found them, as far as it kept them; others from the photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pipeline.config.keys import digest_of_evidence, key_for_format
from pipeline.errors import LockedError, OutputError
from pipeline.files.lock import lock_output_for_reading
from pipeline.formats import FORMATS
from pipeline.kept.codec import CodecError, decode
from pipeline.kept.findings import digest_of_region
from pipeline.kept.reading import chunks_of
from recognizers.faces.folderrecord import FaceFacts
from recognizers.networks.base import DescriptorArray, FaceNetworkRecord
from recognizers.networks.facenetwork import network_files
from recognizers.recognizer import TARGET, Recognizer, evidence_of
from recognizers.unknown.describing import DescribedFace, FaceDescriber
from recognizers.unknown.minedfaces import MinedFace


class KeptDescriber:
    """Describes the faces of a mined collection without reading its photos, as far as a run has described
    them.

    Args:
        output_root: the OUTPUT folder of that run.
        facts: how faces are prepared for the network.
        other: describes the faces that no run has described, or while a run is going on.
    """

    def __init__(self, output_root: Path, facts: FaceFacts, other: FaceDescriber) -> None:
        self._output_root = output_root
        self._other = other
        evidence = evidence_of(facts.aligned, facts.margin, network_files(other.network.name))
        key = digest_of_evidence(TARGET, Recognizer.RESULTS_VERSION, evidence)
        self._keys = {key_for_format(key, format_) for format_ in FORMATS}

    @property
    def network(self) -> FaceNetworkRecord:
        """The network, with the hashes of its files."""
        return self._other.network

    def descriptors_for(self, faces: Sequence[MinedFace]) -> Iterator[DescribedFace]:
        """Yield every one of these faces once: those that are known first."""
        known = self._known(faces)
        yield from (DescribedFace(face, known[id(face)]) for face in faces if id(face) in known)
        unknown = [face for face in faces if id(face) not in known]
        if unknown:
            yield from self._other.descriptors_for(unknown)

    def _known(self, faces: Sequence[MinedFace]) -> dict[int, DescriptorArray]:
        """The descriptors that a run has kept, by the `id` of the face."""
        described: dict[tuple[str, int, bytes], bytes] = {}
        try:
            with lock_output_for_reading(self._output_root):
                for sha256, chunk in chunks_of(self._output_root, {face.sha256 for face in faces}):
                    described |= self._described(sha256, chunk)
        except (LockedError, OutputError):
            return {}
        found = {}
        for face in faces:
            own = described.get((face.sha256, face.frame, digest_of_region(face.region)))
            if own:
                found[id(face)] = np.frombuffer(own, dtype=np.float32)
        return found

    def _described(self, sha256: str, chunk: bytes) -> dict[tuple[str, int, bytes], bytes]:
        """The descriptors in one chunk, by content, frame and region."""
        try:
            frames = decode(chunk)
        except CodecError:
            return {}
        return {
            (sha256, frame.index, region): description
            for frame in frames
            for key, findings in frame.of.items()
            if key in self._keys
            for region, description in (findings.described or {}).items()
        }
