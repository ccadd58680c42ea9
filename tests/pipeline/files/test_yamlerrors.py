"""Wrong indentation and punctuation: each is said with line, column and what was expected."""

from __future__ import annotations

import random

import pytest

from pipeline.errors import PipelineFileError
from pipeline.files.yamlfile import parse_yaml
from tests.running import ROOT


def refused(text: str) -> str:
    with pytest.raises(PipelineFileError) as raised:
        parse_yaml(text.encode(), "p.yml")
    return str(raised.value).removeprefix("p.yml:").replace(" not valid YAML:", "")


GOOD = """\
pipeline:
- name: a
  type: b
  inputs:
  - files
  params:
    model: x
    threshold: 0.5
- name: c
"""


@pytest.mark.parametrize(
    ("line", "wrong", "sentence"),
    [
        (
            "  type: b",
            "    type: b",
            '3: column 5: "type" begins here; expected column 3, where "name" of line 2 ',
        ),
        (
            "  inputs:",
            " inputs:",
            '4: column 2: "inputs" begins here; expected column 3, where "type" of line 3 ',
        ),
        (
            "    threshold",
            "     threshold",
            '8: column 6: "threshold" begins here; expected column 5, where "model"',
        ),
        (
            "    threshold",
            "   threshold",
            '8: column 4: "threshold" begins here; expected column 5, where "model"',
        ),
        (
            "- name: c",
            " - name: c",
            '9: column 2: "-" begins here; expected column 1, where "-" of line 2 begins',
        ),
        ("  - files", "\t- files", "5: column 1: a tab; indent with spaces"),
        ("  type: b", "  type b", '3: column 3: expected "key: value", got "type b"'),
        ("  type: b", "  type:b", '3: column 3: a space is missing after ":"; write "type: b"'),
        ("- name: a", "-name: a", '2: column 1: a space is missing after "-"; write "- name: a"'),
        ("- name: a", "- name:a", '2: column 1: a space is missing after ":"; write "name: a"'),
        (
            "- name: a",
            "- name: a: b",
            '2: column 10: a ":" too many; a value that holds ": " has to stand in',
        ),
        (
            "- name: a",
            "- name: @a",
            '2: column 9: a value that begins with "@" has to stand in quotation marks',
        ),
        ("- name: a", '- name: "a', "2: column 9: the quotation mark here is not closed"),
        (
            "- name: a",
            "- {name: a",
            '3: column 7: expected "," or "}", which closes the bracket of line 2, column 3',
        ),
    ],
)
def test_what_was_expected_is_said_with_line_and_column(line: str, wrong: str, sentence: str) -> None:
    assert parse_yaml(GOOD.encode(), "p.yml").value["pipeline"][0]["params"] == {
        "model": "x",
        "threshold": 0.5,
    }
    assert refused(GOOD.replace(line, wrong, 1)).startswith(sentence)


def test_a_file_whose_first_item_is_indented_otherwise_than_the_next() -> None:
    text = "pipeline:\n  # objects\n    - name: a\n  - name: b\n"
    assert refused(text).startswith(
        '4: column 3: "-" begins here; expected column 5, where "-" of line 3 begins'
    )


def test_no_mistake_of_any_kind_is_more_than_a_sentence() -> None:
    """Files with a few random characters inserted, removed or repeated."""
    rng = random.Random(5)
    text = (ROOT / "example-pipeline.yml").read_text()
    refusals = 0
    for _ in range(300):
        begin = rng.randrange(len(text) - 400)
        changed = list(text[begin : begin + 400])
        for _ in range(rng.randrange(1, 4)):
            changed.insert(rng.randrange(len(changed)), rng.choice(" \t\n:-[]{},\"'#&*!|>@%\u2028\x0c\x85"))
        try:
            parse_yaml("".join(changed).encode(), "p.yml")
        except PipelineFileError as error:
            refusals += 1
            assert str(error).isprintable()
            assert str(error).startswith("p.yml:")
    assert refusals > 50
