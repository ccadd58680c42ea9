"""Text shown to people: safe to print on a terminal, on one line, with spelling suggestions."""

from __future__ import annotations

import difflib
import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path

_MOST_SUGGESTIONS = 4


def escaped(text: str) -> str:
    """The text with control and other unprintable characters escaped as Python does it."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )


def printable(path: Path | str) -> str:
    """The path with undecodable bytes as U+FFFD and control characters escaped."""
    return escaped(os.fsencode(path).decode("utf-8", "replace"))


def name_key(name: str) -> str:
    """Return the form in which all Unicode spellings of a name are equal: composed characters (NFC).

    Macs write file names with decomposed characters, other systems and keyboards mostly composed ones.
    """
    return name if name.isascii() else unicodedata.normalize("NFC", name)


class Spellings:
    """Gives every spelling of a name as the one that was met first; see `name_key`."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._first: dict[str, str] = {}
        for name in names:
            self.first(name)

    def first(self, name: str) -> str:
        """Return the first spelling of a name, which is this one if there was none."""
        return self._first.setdefault(name_key(name), name)

    def __contains__(self, name: str) -> bool:
        return name_key(name) in self._first


def shortened(text: str, most: int = 60) -> str:
    """At most `most` characters of the text, control characters escaped, `...` at the end if it was cut."""
    return escaped(text[:most]) + ("..." if len(text) > most else "")


def one_line(error: BaseException) -> str:
    """The type and message of an exception on one line; the type alone if there is no message."""
    return ": ".join(filter(None, (type(error).__name__, " ".join(str(error).split()))))


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """The known words most similar to this one, at most four, the most similar first.

    Words that begin with this one (without its extension, such as `.xml`) come first.
    """
    known = sorted(known)
    stem = os.path.splitext(word)[0]
    longer = [name for name in known if len(stem) >= 3 and name.startswith(stem)]
    alike = difflib.get_close_matches(word, known)
    return list(dict.fromkeys(longer + alike))[:_MOST_SUGGESTIONS]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` if a known word is similar, else `; known: a, b` with all of them, if any."""
    known = sorted(known)
    close = nearest(word, known)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; known: {', '.join(known)}" if known else ""


def suggestions(word: str, known: Iterable[str]) -> str:
    """`did you mean "x" or "y"? ` with the similar known words, or nothing if no known word is similar."""
    near = nearest(word, known)
    return "did you mean " + " or ".join(f'"{name}"' for name in near) + "? " if near else ""


def counted(count: int, word: str) -> str:
    """`1 video`, `1,240 videos`."""
    return f"1 {word}" if count == 1 else f"{count:,} {word}s"


def roughly(seconds: float) -> str:
    """A length of time in the two units that matter at most: `40 s`, `14 min`, `3 h 20 min`, `2 days 3 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} days {hours} h" if hours else f"{days} days"
