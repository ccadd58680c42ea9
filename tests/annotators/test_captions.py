from __future__ import annotations

import pytest

from annotators.captions import MOST_LINES, caption, printable_text, shortened, without_details
from annotators.fonts import text_width
from annotators.palette import color_of
from pipeline.detections import Label


def said(*labels):
    return [(line.text, line.detail) for line in caption(labels)]


def test_confidence_has_two_digits_and_may_be_missing():
    assert said(Label("cat", 0.857), Label("catface")) == [("cat", "0.86"), ("catface", "")]


def test_a_name_that_several_strategies_agree_on_is_one_line():
    labels = (
        Label("Tom", method="eigen", distance=2310.0),
        Label("Ann", method="fischer", distance=800.0),
        Label("Tom", method="lbp", distance=61.0),
    )
    assert said(*labels) == [("Tom", "eigen, lbp"), ("Ann", "fischer")]


def test_the_same_label_twice_keeps_the_better_confidence():
    assert said(Label("dog", 0.3), Label("dog", 0.6), Label("dog")) == [("dog", "0.60")]


def test_a_line_has_its_labels_colour():
    assert [line.color for line in caption([Label("cat"), Label("dog")])] == [
        color_of("cat"),
        color_of("dog"),
    ]


def test_many_labels_are_counted():
    lines = caption([Label(f"label {i}", 0.5) for i in range(80)])
    assert len(lines) == MOST_LINES
    assert lines[-1].text == f"+{80 - MOST_LINES + 1} more"
    assert len(caption([Label(f"label {i}") for i in range(MOST_LINES)])) == MOST_LINES


def test_without_details_keeps_labels():
    lines = caption([Label("cat", 0.5)])
    assert [(line.text, line.detail, line.color) for line in without_details(lines)] == [
        ("cat", "", color_of("cat"))
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("traffic light", "traffic light"),
        ("Zoë 猫 кошка", "Zoë 猫 кошка"),
        ("red\x1b[31m", r"red\x1b[31m"),
        ("two\nlines\ttab\0", r"two\nlines\ttab\x00"),
        ("evil\u202egpj.exe", r"evil\u202egpj.exe"),
        ("no\u00a0break", "no break"),
        ("half \udcff", r"half \udcff"),
        ("नमस्\u200dते", "नमस्\u200dते"),
    ],
)
def test_nothing_acts_instead_of_being_seen(text, shown):
    assert printable_text(text) == shown


def test_a_megabyte_of_label_is_cut_before_it_is_measured():
    assert len(printable_text("x" * 1_000_000)) == 200


def test_long_texts_end_in_an_ellipsis_and_fit():
    text = "a very long label that somebody once trained a network on"
    for width in (40, 90, 200):
        short = shortened(text, 14, width)
        assert short.endswith("...")
        assert text.startswith(short[:-3])
        assert text_width(short, 14) <= width
    assert shortened(text, 14, 10_000) == text
    assert shortened(text, 14, 3) == ""
