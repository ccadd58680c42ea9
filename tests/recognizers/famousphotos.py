"""Real photographs of two presidents, out of another project's package, and where YuNet finds the faces."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from pipeline.detections import Region
from pipeline.models.archive import download, iter_members
from pipeline.models.catalog import PypiSource

NAMES = ("biden.jpg", "obama.jpg", "obama2.jpg", "obama3.jpg", "obama_partial_face.jpg")
_TOP = "face_recognition-1.3.0/tests/test_images"
_SOURCE = PypiSource(
    type="pypi",
    distribution="face_recognition",
    version="1.3.0",
    archive="face_recognition-1.3.0.tar.gz",
    sha256="5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec",
    size_bytes=3182249,
    members={name: f"{_TOP}/{name}" for name in NAMES},
)

REGIONS = {
    "biden.jpg": Region(436, 185, 713, 570, ((535, 329), (656, 348), (597, 420), (518, 459), (624, 478))),
    "obama.jpg": Region(374, 94, 605, 416, ((443, 207), (551, 210), (501, 271), (445, 317), (544, 319))),
    "obama2.jpg": Region(195, 224, 471, 614, ((252, 361), (376, 382), (282, 446), (237, 502), (343, 520))),
    "obama3.jpg": Region(647, 261, 911, 612, ((734, 386), (853, 388), (803, 455), (738, 505), (847, 508))),
    "obama_partial_face.jpg": Region(
        0, 86, 189, 424, ((21, 209), (127, 207), (79, 273), (24, 324), (123, 322))
    ),
}
"""As YuNet found them, with a threshold of 0.7."""


class Famous(NamedTuple):
    """The folder of the photographs, and the regions of their faces by name."""

    folder: Path
    regions: dict[str, Region]


def fetch_famous(folder: Path) -> Famous:
    """Fetch the photographs from the package index into an empty folder."""
    with tempfile.TemporaryDirectory() as temporary:
        archive = download(_SOURCE, Path(temporary))
        for member, stream in iter_members(archive, list(_SOURCE.members.values())):
            (folder / Path(member).name).write_bytes(stream.read())
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    return Famous(folder, REGIONS)
