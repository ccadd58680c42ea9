"""Faces that people have moved out of a group of unknown faces.

The log of corrections holds it as "this face is not `group-003`": a group's provisional name is that of the
folder which `crop --group` would give it. A recognizer never gives such a name.
"""

from __future__ import annotations

import re

from recognizers.corrections.lookup import Corrections
from recognizers.faces.facekey import FaceKey

ELSEWHERE = 0
"""As in `recognizers.unknown.groups`, which is not imported here: it needs numpy."""
_GROUP_NAME = re.compile(r"group-\d{3,}")


def group_name(number: int) -> str:
    """Return the provisional name of the person whom a group shows."""
    return f"group-{number:03d}"


def is_group_name(name: str) -> bool:
    """Return whether a name is that of a group and not of a person."""
    return _GROUP_NAME.fullmatch(name) is not None


def placed_faces(corrections: Corrections) -> dict[FaceKey, int]:
    """Return where people have put faces, as `group_tracks` takes it."""
    return {
        verdict.face.key: ELSEWHERE
        for verdict in corrections.verdicts
        if any(map(is_group_name, verdict.not_names))
    }
