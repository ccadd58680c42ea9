from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from recognizers.commands.arguments import (
    add_flag,
    add_strategies,
    chosen_strategies,
    flag,
    pixels,
    plural,
    positive,
    quoted,
    share,
    whole,
)


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("input")
    add_flag(parser, "gray", default=True, help_="gray")
    add_flag(parser, "equalize", default=None, help_="equalize")
    return parser.parse_args(["x", *words])


@pytest.mark.parametrize(
    ("words", "gray", "equalize"),
    [
        ((), True, None),
        (("0", "0"), False, False),
        (("1", "1"), True, True),
        (("0",), False, None),
        (("--no-gray", "--equalize"), False, True),
        (("1", "0", "--gray", "--no-equalize"), True, False),
    ],
)
def test_a_flag_by_position_and_by_name(words, gray, equalize):
    options = parsed(*words)
    assert flag(options, "gray") is gray
    assert flag(options, "equalize") is equalize


def test_a_flag_that_says_two_things():
    with pytest.raises(UsageError, match="GRAY is 0 and --gray is given"):
        flag(parsed("0", "--gray"), "gray")


@pytest.mark.parametrize("word", ["2", "yes", "true", "00", ""])
def test_a_flag_is_zero_or_one(word, capsys):
    with pytest.raises(SystemExit):
        parsed(word)
    assert "expected 0 or 1" in capsys.readouterr().err


def test_strategies(model_directory):
    model = model_directory()

    def chosen(*words: str) -> tuple[str, ...]:
        parser = argparse.ArgumentParser()
        parser.add_argument("modeldir")
        add_strategies(parser, "test")
        return chosen_strategies(parser.parse_args([model, *words]))

    assert chosen() == ("eigen", "fischer", "lbp")
    assert chosen("1", "0", "1") == ("eigen", "lbp")
    assert chosen("--no-fisher", "--no-eigen") == ("lbp",)
    with pytest.raises(UsageError, match="all strategies of the model are switched off"):
        chosen("0", "0", "0")
    assert chosen("0", "--embedding") == ("fischer", "lbp", "embedding")
    Path(model, "lbp.yml").unlink()
    assert chosen() == ("eigen", "fischer")
    assert chosen("1", "1", "1") == ("eigen", "fischer", "lbp")


@pytest.mark.parametrize(
    ("parse", "good", "bad"),
    [
        (pixels, {"1": 1, "10000": 10_000}, ["0", "10001", "x", "1.5", "-3"]),
        (share, {"0": 0.0, "0.25": 0.25, "1": 1.0}, ["-0.1", "1.1", "nan", "x"]),
        (positive, {"0.5": 0.5, "112": 112.0}, ["0", "-1", "nan", "inf", "x"]),
        (whole, {"0": 0, "77": 77}, ["-1", "1.5", "x", "²", "99999999999"]),
    ],
)
def test_words_to_numbers(parse, good, bad):
    assert {word: parse(word) for word in good} == good
    for word in bad:
        with pytest.raises(argparse.ArgumentTypeError, match="expected"):
            parse(word)


def test_words_for_people():
    assert plural(1, "picture") == "1 picture"
    assert plural(1234, "picture") == "1,234 pictures"
    assert quoted("a b") == "'a b'"
