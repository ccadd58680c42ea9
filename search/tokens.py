"""The one definition of a word, shared by all search backends.

Case and accents do not matter. A text is split at every character that is neither letter nor digit, and
between letters and digits: `IMG_1234.jpg` gives `img 1234 jpg`. In scripts without spaces each character is a
token, and so is each emoji; a phrase of tokens then finds any part of a longer run.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

TOKENS_VERSION = f"1/{unicodedata.unidata_version}"
"""Changes whenever the same text may give other tokens; an index made with another one is made again."""

MAX_TOKEN_CHARS = 64
"""Longer tokens are cut: a path has at most 4,096 bytes and no word of this length."""

_ASCII_TOKEN = re.compile(r"[a-z]+|[0-9]+")

_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
"""Marks of Latin, Greek, Cyrillic, Hebrew and Arabic script. Vowel signs of other scripts are part of the
word."""

_UNDECOMPOSED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)
"""Letters with a stroke or a ligature, which Unicode does not decompose."""

_UNSPACED = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"
)
"""Han, Hiragana, Katakana."""


def folded_text(text: str) -> str:
    """Return the text without case, accents and compatibility forms (full-width letters, ligatures)."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text).casefold().translate(_UNDECOMPOSED)
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).casefold()
    return unicodedata.normalize("NFC", text)


def tokens_of(text: str) -> tuple[str, ...]:
    """Return the folded words of a text in order; an empty tuple if it has only punctuation."""
    found = _ASCII_TOKEN.findall(text.lower()) if text.isascii() else _iter_tokens(folded_text(text))
    return tuple(token[:MAX_TOKEN_CHARS] for token in found)


def key_of(text: str) -> str:
    """Return what whole labels and names are compared by: the tokens with a space between.

    A text of punctuation alone is its own key, so that a label `?` can be asked for.
    """
    return " ".join(tokens_of(text)) or folded_text(text).strip()


def has_phrase(key: str, phrase: tuple[str, ...], *, prefix: bool) -> bool:
    """Return whether these tokens stand side by side in a key.

    Args:
        key: as `key_of` gives it.
        phrase: the tokens.
        prefix: whether the last one may be the beginning of a longer token.
    """
    last = "" if prefix else " "
    return f" {' '.join(phrase)}{last}" in f" {key} "


def _iter_tokens(text: str) -> Iterator[str]:
    """Cut a folded text into tokens."""
    token, kind = "", ""
    for char in text:
        now = _kind_of(char)
        if now != kind or now == "single":
            if token:
                yield token
            token = ""
        kind = now
        if now:
            token += char
    if token:
        yield token


def _kind_of(char: str) -> str:
    """Return `digit`, `letter`, `single` (a token by itself), or an empty text for a separator."""
    if _UNSPACED.match(char):
        return "single"
    category = unicodedata.category(char)
    if category == "Nd":
        return "digit"
    if category[0] in "LNM" and char not in "\ufe0e\ufe0f":  # those choose how an emoji is drawn
        return "letter"
    return "single" if category == "So" and char != "\ufffd" else ""
