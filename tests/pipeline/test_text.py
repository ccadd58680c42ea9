"""Names in several Unicode forms."""

from __future__ import annotations

import unicodedata

import pytest

from pipeline.text import Spellings, name_key


@pytest.mark.parametrize("name", ["Zoë", "Ångström", "Nguyễn", "김철수", "Ann", "caf\udce9"])
def test_composed_and_decomposed_are_one_name(name: str) -> None:
    forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFD")}
    assert {name_key(form) for form in forms} == {unicodedata.normalize("NFC", name)}


@pytest.mark.parametrize(("one", "other"), [("Zoë", "Zoe"), ("Ann", "ann"), ("ﬁ", "fi"), ("a", "a ")])
def test_other_differences_are_other_names(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


def test_the_first_spelling_stays() -> None:
    decomposed = unicodedata.normalize("NFD", "Zoë")
    spellings = Spellings([decomposed])
    assert spellings.first("Zoë") == decomposed
    assert spellings.first("Ann") == "Ann"
    assert "Zoë" in spellings
    assert "Zoe" not in spellings
