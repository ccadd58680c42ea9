"""Faces that people have moved out of a group of unknown faces.

The log of corrections holds it as "this face is not `group-003`", the name of that group's folder. A
recognizer never gives such a name.
"""

from __future__ import annotations

from recognizers.corrections.lookup import Corrections
from recognizers.faces.facekey import FaceKey
from recognizers.faces.foldername import group_number

UNDONE_FOLDER = "_undone"
"""The folder for pictures whose names were undone; training leaves it out."""
_ELSEWHERE = 0
"""`recognizers.unknown.groups.ELSEWHERE`; that module needs numpy, and the server imports this one."""


def placed_faces(corrections: Corrections) -> dict[FaceKey, int]:
    """Return where people have put faces, as `group_tracks` takes it."""
    return {
        verdict.face.key: _ELSEWHERE
        for verdict in corrections.verdicts
        if any(group_number(name) is not None for name in verdict.not_names)
    }
