from __future__ import annotations

import pytest

from detectors.darknet.sections import MAX_SECTIONS, Section, parse_sections
from pipeline.errors import ModelError


def test_reads_sections_with_their_lines() -> None:
    text = "# a comment\n; another\n\n [Net]\r\n width = 4 16\nheight=32 # tall\n\n[conv]\nsize=3\nsize=5\n"
    net, conv = parse_sections(text, "a.cfg")
    assert (net.name, net.line) == ("net", 4)
    assert net.options == {"width": ("416", 5), "height": ("32", 6)}
    assert conv.options == {"size": ("3", 9)}  # of a key given twice the first counts, as in Darknet


@pytest.mark.parametrize("text", ["width=416\n", "[net]\nwidth\n", "[net]\n\x1b[31mred\n"])
def test_refuses_a_line_that_is_neither_section_nor_option(text: str) -> None:
    with pytest.raises(ModelError) as caught:
        parse_sections(text, "a.cfg")
    assert str(caught.value).startswith(f"a.cfg:{text.count(chr(10))}: ")
    assert str(caught.value).isprintable()


def test_refuses_endless_sections() -> None:
    with pytest.raises(ModelError, match=r"a.cfg:1001: more than 1000 sections"):
        parse_sections("[x]\n" * (MAX_SECTIONS + 1), "a.cfg")


def section(**options: str) -> Section:
    return Section(
        "a.cfg", 7, "conv", {key: (value, 8 + i) for i, (key, value) in enumerate(options.items())}
    )


def test_reads_options() -> None:
    conv = section(size="3", scale="1.5", layers="-1,8,", anchors="10,13.5")
    assert conv.integer("size", 1, 1, 9) == 3
    assert conv.integer("stride", 2, 1, 9) == 2
    assert conv.number("scale", 1.0, 0, 2) == 1.5
    assert conv.integers("layers", (), -9, 9) == (-1, 8)
    assert conv.numbers("anchors", (), count=2) == (10, 13.5)
    assert conv.word("activation", "logistic") == "logistic"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("0", "size is 0; expected 1 to 9"),
        ("-3", "size is -3; expected 1 to 9"),
        ("99999999999999999999", "size is 99999999999999999999; expected 1 to 9"),
        ("9" * 5000, f'size is "{"9" * 40}"; expected a whole number'),
        ("3.5", 'size is "3.5"; expected a whole number'),
        ("", 'size is ""; expected 1 whole number(s)'),
        ("3,3", 'size is "3,3"; expected 1 whole number(s)'),
        ("three", 'size is "three"; expected a whole number'),
    ],
)
def test_says_what_is_wrong_with_a_whole_number(value: str, sentence: str) -> None:
    with pytest.raises(ModelError) as caught:
        section(size=value).integer("size", 1, 1, 9)
    assert str(caught.value) == f"a.cfg:8: [conv]: {sentence}"


@pytest.mark.parametrize("value", ["nan", "inf", "1e999", "x", "1,2", "", "3", "-1"])
def test_refuses_numbers_that_are_none_or_out_of_range(value: str) -> None:
    with pytest.raises(ModelError, match=r"^a.cfg:8: \[conv\]: scale "):
        section(scale=value).number("scale", 1.0, 0.5, 2)
