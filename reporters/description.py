"""Keywords, title, rating and named faces that other programs gave to a file: plain values for its report."""

from __future__ import annotations

from typing import Any, NamedTuple

from pipeline.detections import Box

MAX_KEYWORDS = 1_000
MAX_FACES = 200


class DescribedFace(NamedTuple):
    """A face that was named in another program.

    Args:
        name: of the person.
        box: pixels of the upright photo.
    """

    name: str
    box: Box


class Description(NamedTuple):
    """Keywords, title, rating and named faces of a photo or video.

    Args:
        keywords: from the general to the particular, levels separated by `|`; `MAX_KEYWORDS` at most.
        title: in the default language, or empty.
        rating: 1 to 5, or -1 for rejected; 0: none.
        faces: of a photo, `MAX_FACES` at most.
    """

    keywords: tuple[str, ...] = ()
    title: str = ""
    rating: int = 0
    faces: tuple[DescribedFace, ...] = ()

    def as_keys(self) -> dict[str, Any]:
        """Return them as a report's keys."""
        return {
            "keywords": list(self.keywords),
            "title": self.title,
            "rating": self.rating,
            "named_faces": [{"name": face.name, "rect": list(face.box.xyxy)} for face in self.faces],
        }


NO_DESCRIPTION = Description()
