from __future__ import annotations

import logging

import numpy as np
import pytest

from annotators import fonts
from annotators.fonts import LINE_HEIGHT, text_mask, text_width


@pytest.fixture
def clean_caches():
    cached = [thing for thing in vars(fonts).values() if hasattr(thing, "cache_clear")]
    for function in cached:
        function.cache_clear()
    yield
    for function in cached:
        function.cache_clear()


@pytest.fixture
def no_fonts(clean_caches, tmp_path, monkeypatch):
    """A machine without fonts."""
    monkeypatch.setattr(fonts.sys, "platform", "linux")
    for name in ("XDG_DATA_DIRS", "XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))


def same(one, other):
    return one.shape == other.shape and np.array_equal(one, other)


@pytest.mark.parametrize("size_px", [1, 9, 14, 55])
def test_a_line_is_as_high_as_it_says_and_as_wide_as_measured(size_px):
    mask = text_mask("person 0.86", size_px)
    assert mask.dtype == np.uint8
    assert mask.shape[0] == round(size_px * LINE_HEIGHT)
    assert mask.shape[1] == pytest.approx(text_width("person 0.86", size_px), abs=max(3, size_px // 5))


def test_ink_is_drawn_and_nothing_is_cut_off():
    mask = text_mask("Åjgyq|", 20)
    assert mask.max() == 255
    assert mask[0].max() == 0
    assert mask[:, 0].max() > 0 and mask[:, -1].max() > 0


def test_larger_text_is_larger():
    assert text_width("person", 28) == pytest.approx(2 * text_width("person", 14), abs=4)


def test_spaces_alone_have_a_width():
    assert text_mask("  ", 14).shape[1] > 0


@pytest.mark.parametrize("text", ["кошка", "Zoë", "γάτα"])
def test_text_is_letters_where_a_font_of_this_machine_has_them(text):
    if any(fonts._home(char) is None for char in text):
        pytest.skip("no font here has these letters")
    pieces = fonts._pieces(text)
    assert "".join(piece for _, piece in pieces) == text
    for path, piece in pieces:
        placeholder = fonts._picture(fonts._font(path, 16), "\U0010fffd")
        assert all(fonts._picture(fonts._font(path, 16), char) != placeholder for char in piece)
    assert not same(text_mask(text, 20), text_mask("\\u043a", 20))
    letters = [text_mask(char, 20).tobytes() for char in text]
    assert len(set(letters)) == len(set(text))


def test_without_fonts_accents_go_and_the_rest_becomes_codes_said_once(no_fonts, caplog):
    with caplog.at_level(logging.WARNING):
        assert same(text_mask("Zoë", 20), text_mask("Zoe", 20))
        assert same(text_mask("猫 1", 20), text_mask(r"\u732b 1", 20))
    assert len(caplog.records) == 1
    assert "no font on this machine has" in caplog.text


def test_ascii_needs_no_font_of_the_machine(clean_caches, monkeypatch):
    monkeypatch.setattr(fonts, "_paths", lambda: pytest.fail("looked for fonts"))
    assert text_mask("person 0.86 ...", 14).max() == 255


def test_joiners_are_not_drawn_as_boxes():
    assert same(text_mask("a\u200db\ufe0f", 20), text_mask("ab", 20))


def test_a_damaged_font_is_passed_over(no_fonts, tmp_path):
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "DejaVuSans.ttf").write_bytes(b"not a font")
    assert same(text_mask("ж", 20), text_mask(r"\u0436", 20))


def test_tall_marks_stay_within_the_line():
    mask = text_mask("Z" + "\u0301" * 30, 14)
    assert mask.shape[0] == round(14 * LINE_HEIGHT)
