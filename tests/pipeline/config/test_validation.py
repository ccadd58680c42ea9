from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from pipeline.component import ModelName, Params, TriggerLabels, Words
from pipeline.config.validation import sentence_of, shown
from pipeline.text import did_you_mean


class Inner(BaseModel):
    model_config = {"extra": "forbid", "strict": True}
    width: Annotated[int, Field(ge=1, le=1_234_567)]


class Everything(Params):
    model: Annotated[ModelName, Field(description="a file")] = "x"
    needed: Annotated[int, Field(description="how many")]
    factor: Annotated[float, Field(gt=1, lt=2.5)] = 2.0
    kind: Literal["a", "b"] = "a"
    flag: bool = False
    words: TriggerLabels = ()
    size: Inner | None = None
    table: dict[str, float] = Field(default_factory=dict)
    pair: Annotated[Words, Field(min_length=2)] = ("a", "b")
    own: str = "x"

    @field_validator("own")
    @classmethod
    def _check_own(cls, own: str) -> str:
        if own != "x":
            raise ValueError("x is\nthe only word")
        return own


def sentences(**given: Any) -> list[str]:
    try:
        Everything.model_validate({"needed": 1} | given, context={"folder": "/f"})
    except ValidationError as error:
        return [sentence_of(detail, Everything) for detail in error.errors()]
    return []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"neded": 1}, 'params has no "neded"; did you mean "needed"?'),
        ({"zzz": 1}, 'params has no "zzz"; known: factor, flag, kind, model, needed, own, pair, size, '),
        ({"\x1b[2J": 1}, 'params has no "\\x1b[2J"; known: '),
        ({"size": {"width": 1, "widht": 2}}, 'params has no "size.widht"; did you mean "width"?'),
        ({"size": {}}, "params.size.width is missing"),
        ({"size": {"width": 0}}, "params.size.width: expected a number at least 1, got 0"),
        ({"size": {"width": 10**39}}, "params.size.width: expected a number at most 1234567, got 1000000"),
        ({"size": "640x480"}, 'params.size: expected a mapping such as {width: ...}, got "640x480"'),
        ({"size": [1]}, "params.size: expected a mapping such as {width: ...}, got a list"),
        ({"needed": 1.0}, "params.needed: expected a whole number, got 1.0"),
        ({"needed": True}, "params.needed: expected a whole number, got true"),
        ({"needed": "1"}, 'params.needed: expected a whole number, got "1"'),
        ({"needed": None}, "params.needed: expected a whole number, got nothing"),
        ({"factor": 1}, "params.factor: expected a number greater than 1, got 1"),
        ({"factor": 2.5}, "params.factor: expected a number less than 2.5, got 2.5"),
        ({"factor": float("nan")}, "params.factor: expected a finite number, got nan"),
        ({"factor": float("inf")}, "params.factor: expected a finite number, got inf"),
        ({"factor": {}}, "params.factor: expected a number, got a mapping"),
        ({"kind": "c"}, "params.kind: expected 'a' or 'b', got \"c\""),
        ({"flag": "no"}, 'params.flag: expected true or false, got "no"'),
        ({"flag": 1}, "params.flag: expected true or false, got 1"),
        ({"words": 3}, "params.words: expected a list, got 3"),
        ({"words": {"a": 1}}, "params.words: expected a list, got a mapping"),
        ({"words": ["a", 3]}, 'params.words.1: expected text, got 3; if you mean the word, write "3"'),
        ({"words": [True]}, 'params.words.0: expected text, got true; if you mean the word, write "true"'),
        ({"table": {"a": "b"}}, 'params.table.a: expected a number, got "b"'),
        ({"table": []}, "params.table: expected a mapping, got an empty list"),
        ({"own": "y"}, "params.own: x is the only word"),
        ({"model": ""}, 'params.model: expected at least 1 character, got ""'),
        ({"model": "$NO_SUCH/x"}, 'params.model: "$NO_SUCH/x" uses $NO_SUCH, which is not set in the envir'),
        ({"pair": ["a"]}, "params.pair: expected at least 2 values, got a list"),
        ({"kind": "\x1b[2J" + "y" * 1000}, "params.kind: expected 'a' or 'b', got \"\\x1b[2Jyyyy"),
    ],
)
def test_each_kind_of_mistake_is_one_sentence(given, sentence, monkeypatch):
    monkeypatch.delenv("NO_SUCH", raising=False)
    (told,) = sentences(**given)
    assert told.startswith(sentence)
    assert told.isprintable()
    assert len(told) < 200


def test_a_missing_param_says_what_it_is():
    with pytest.raises(ValidationError) as raised:
        Everything.model_validate({})
    assert [sentence_of(d, Everything) for d in raised.value.errors()] == [
        "params.needed is missing: how many"
    ]


def test_all_mistakes_are_there():
    assert len(sentences(needed="x", factor=0, kind=1, flag=None)) == 4


@pytest.mark.parametrize(
    ("value", "text"), [(None, "nothing"), ({}, "a mapping"), ([1], "a list"), (False, "false"), ("a", '"a"')]
)
def test_values_are_quoted_as_the_file_has_them(value, text):
    assert shown(value) == text


def test_did_you_mean():
    assert did_you_mean("objets", ["objects", "faces"]) == '; did you mean "objects"?'
    assert did_you_mean("zzz", ["objects", "faces"]) == "; known: faces, objects"
    assert did_you_mean("zzz", []) == ""
