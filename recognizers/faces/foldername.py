"""Names of people as names of folders."""

from __future__ import annotations

_MOST_NAME_BYTES = 120


def folder_name(name: str) -> str:
    """A name as that of a folder; empty if nothing of it can be. Names that begin with `_` have a meaning."""
    shown = "".join(char if char.isprintable() and char not in "/\\" else "-" for char in name)
    text = " ".join(shown.split()).lstrip("._ ")
    return text.encode("utf-8", "ignore")[:_MOST_NAME_BYTES].decode("utf-8", "ignore").strip()
