from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from pipeline.detections import Box
from pipeline.source import SourceKind
from recognizers.networks.base import FaceNetworkRecord
from recognizers.unknown.describing import DescribedFace
from recognizers.unknown.minedfaces import MinedFace
from recognizers.unknown.tracks import Track


def mined(
    photo: int, x: int = 0, *, frame: int = 0, time_s: float | None = None, label: str | None = None
) -> MinedFace:
    """A face of a numbered photo, or of a video if there is a time."""
    return MinedFace(
        path=f"/photos/{photo}.jpg",
        kind=SourceKind.PHOTO if time_s is None else SourceKind.VIDEO,
        sha256=f"{photo:064x}",
        size_bytes=100,
        frame=frame,
        time_s=time_s,
        box=Box(x, 0, x + 100, 100),
        landmarks=((x + 30, 40), (x + 70, 40), (x + 50, 60), (x + 35, 80), (x + 65, 80)),
        label=label,
        distance=None,
        component="faces",
    )


class Directory:
    """A describer that knows who everyone is: faces of one person are near each other."""

    def __init__(self, version: str = "1") -> None:
        self.people: dict[str, int] = {}
        self.asked: list[MinedFace] = []
        self.network = FaceNetworkRecord(name="sface", sha256={"net.onnx": version})

    def track(self, person: int, photo: int, x: int = 0) -> Track:
        """A face of a person in a photo."""
        face = mined(photo, x)
        self.people[str(face.key)] = person
        return Track(face, (face,))

    def descriptors_for(self, faces: Sequence[MinedFace]) -> Iterator[DescribedFace]:
        """A unit vector for each, near that of its person; none for person 0."""
        self.asked += faces
        for face in faces:
            person = self.people[str(face.key)]
            yield DescribedFace(face, near(person, int(face.sha256, 16)) if person else None)


def near(person: int, picture: int) -> np.ndarray:
    """A descriptor, (64,) float32."""
    row = np.random.default_rng(person).normal(0, 1, 64)
    row = row / np.linalg.norm(row) + np.random.default_rng(1000 * person + picture).normal(0, 0.06, 64)
    return (row / np.linalg.norm(row)).astype(np.float32)


@pytest.fixture
def directory() -> Directory:
    """Who everyone is."""
    return Directory()
