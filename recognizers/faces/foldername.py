"""Names of folders of faces: those of people, of groups, and those with a meaning."""

from __future__ import annotations

import re

SET_ASIDE = (".", "_")
"""First characters of folder names that are not names of people."""

SINGLES_FOLDER = "_single"
"""Where `crop --group` puts faces that are like no other."""
GROUPS_FILE = "groups.json"
"""Where `unknown` remembers the groups of faces."""
_GROUP_NAME = re.compile(r"group-(\d{1,9})", re.ASCII)
_MOST_NAME_BYTES = 120


def folder_name(name: str) -> str:
    """A name as that of a folder; empty if nothing of it can be. Names that begin with `_` have a meaning."""
    shown = "".join(char if char.isprintable() and char not in "/\\" else "-" for char in name)
    text = " ".join(shown.split()).lstrip("._ ")
    return text.encode("utf-8", "ignore")[:_MOST_NAME_BYTES].decode("utf-8", "ignore").strip()


def group_folder(number: int) -> str:
    """Return the name of the folder of a group of faces."""
    return f"group-{number:03}"


def group_number(folder: str) -> int | None:
    """Return the number of the group that a folder's name tells; None if it is not that of a group."""
    match = _GROUP_NAME.fullmatch(folder)
    return int(match[1]) if match and int(match[1]) else None
