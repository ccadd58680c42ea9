"""Names of people as folders have them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pipeline.text import name_key
from recognizers.faces.foldername import SET_ASIDE, folder_name, group_number
from search.documents import UNKNOWN
from search.web.people.forms import FormError

_MOST_CHARS = 100


def people_of(faces: Path) -> list[str]:
    """Return the people who have a folder, sorted."""
    try:
        with os.scandir(faces) as entries:
            names = [entry.name for entry in entries if entry.is_dir()]
    except OSError:
        return []
    return sorted(name for name in names if not name.startswith(SET_ASIDE) and group_number(name) is None)


def checked_name(typed: str, people: Iterable[str]) -> str:
    """Return a typed name as the name of a folder; in the spelling of a person who has one already.

    Args:
        typed: what was typed.
        people: who has a folder.
    Raises: FormError: it cannot be a name.
    """
    name = folder_name(name_key(typed))
    if not name or len(name) > _MOST_CHARS:
        raise FormError(400, f"Type a name, of at most {_MOST_CHARS} characters.")
    if group_number(name) is not None or name.casefold() == UNKNOWN:
        raise FormError(400, f'"{name}" has a meaning for the program; choose another name.')
    same = [one for one in people if name_key(one).casefold() == name.casefold()]
    return name if not same or name in same else same[0]
