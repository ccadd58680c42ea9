from __future__ import annotations

import math

import pytest

from pipeline.errors import PipelineFileError
from pipeline.files.yamlfile import MAX_ALIASES, MAX_BYTES, MAX_DEPTH, MAX_NODES, parse_yaml
from pipeline.text import shortened


def refused(content: str | bytes) -> str:
    """The one line with which a file is refused."""
    with pytest.raises(PipelineFileError) as raised:
        parse_yaml(content if isinstance(content, bytes) else content.encode(), "p.yml")
    (problem,) = raised.value.problems
    assert problem.isprintable()
    return problem


def flaws(content: str) -> list[tuple[int, str]]:
    """Line and sentence of each mistake in a file that can be read on."""
    found = parse_yaml(content.encode(), "p.yml").flaws
    assert all(flaw.sentence.isprintable() for flaw in found)
    return [(flaw.line, flaw.sentence) for flaw in found]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("y", "y"),
        ("true", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("~", None),
        ("Null", None),
        ("", None),
        ("0o17", 15),
        ("017", 17),
        ("0x1F", 31),
        ("-12", -12),
        ("+3", 3),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("0b11", "0b11"),
        ("2026-11-24", "2026-11-24"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("1.", 1.0),
        ("<<", "<<"),
        ("=", "="),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("!!int '0o17'", 15),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text, value):
    read = parse_yaml(f"key: {text}".encode(), "p.yml").value["key"]
    assert read == value
    assert type(read) is type(value)


def test_not_a_number_is_a_number():
    assert math.isnan(parse_yaml(b"[.nan]", "p.yml").value[0])


def test_values_remember_their_lines():
    read = parse_yaml(b"---\na:\n- x: 1\n\n  y: {z: 2,\n      w: 3}\n- 4\nb:\n", "p.yml")
    assert read.value == {"a": [{"x": 1, "y": {"z": 2, "w": 3}}, 4], "b": None}
    assert [read.line(path) for path in (("a",), ("a", 0, "x"), ("a", 0, "y", "w"), ("a", 1), ("b",))] == [
        *(2, 3, 6, 7, 8)
    ]
    assert read.line(("a", 0, "y", "missing", "deeper")) == 5
    assert read.line(("missing",)) == 2


def test_merge_keys_of_yaml_1_1_are_plain_keys():
    assert parse_yaml(b"a: &a {x: 1}\nb: {<<: *a}", "p.yml").value["b"] == {"<<": {"x": 1}}


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"---\n", b"---\n...\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_nothing(content):
    assert parse_yaml(content, "p.yml").value is None


def test_utf_16_and_byte_order_marks_are_read():
    assert parse_yaml("ä: ö".encode("utf-16"), "p.yml").value == {"ä": "ö"}
    assert parse_yaml("ä: ö".encode("utf-8-sig"), "p.yml").value == {"ä": "ö"}


def test_all_flaws_at_once_with_their_lines():
    text = """a: 1
b:
  c: 2
  c: 3
  d: !!python/object/apply:os.system ['ls']
a: 4
? [list]
: 5
e: !!int 1_000
f: !!bool yes
g: !!null x
h: !<%1b[31m> x
i: "\\ud800"
"\\e[2J": 1
"\\e[2J": 2
"""
    assert flaws(text + f"z: {'9' * 5000}\ny: -{'9' * 50}.5e3\n") == [
        (4, '"c" is given twice, first in line 3'),
        (5, "the tag tag:yaml.org,2002:python/object/apply:os.system is not allowed"),
        (6, '"a" is given twice, first in line 1'),
        (7, "a key must be a word"),
        (9, '"1_000" is no int'),
        (10, '"yes" is no bool'),
        (11, '"x" is no null'),
        (12, "the tag \\x1b[31m is not allowed"),
        (13, '"\\ud800" holds half a character (a surrogate)'),
        (15, '"\\x1b[2J" is given twice, first in line 14'),
        (16, "a number of 5000 characters"),
        (17, "a number of 55 characters"),
    ]


def test_a_flawed_value_is_nothing_and_the_first_of_two_counts():
    assert parse_yaml(b"a: !!set {}\nb: 1\nb: 2\n", "p.yml").value == {"a": None, "b": 1}


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("a: 1\nb: [1,\n", 2, "not valid YAML: column 4: the bracket here is not closed"),
        ("a: 1\n\tb: 2\n", 2, "not valid YAML: column 1: a tab; indent with spaces"),
        ("a: b: c", 1, 'not valid YAML: column 5: a ":" too many; a value that holds ": " has to stand in '),
        ("a: 1\n---\nb: 2\n", 2, "a second document begins here; a pipeline file holds 1"),
        ("a: &x 1\nb: &x 2\n", 2, "not valid YAML: column 4: found duplicate anchor 'x'"),
        (
            "a: *nobody\n",
            1,
            'not valid YAML: column 4: a value that begins with "*" has to stand in quotation marks',
        ),
        ("a: 1\nb: \a\n", 2, "not valid YAML: the character U+0007 is not allowed"),
        ('a: "\\U00110000"', 1, "not valid YAML: chr() arg not in range"),
        (f"%YAML {'9' * 5000}.1\n---\na: 1", 1, "not valid YAML: Exceeds the limit"),
        ("a: &a [*a]", 1, "an alias that contains itself"),
        ("a: &a {b: {c: *a}}", 1, "an alias that contains itself"),
    ],
)
def test_what_cannot_be_read_on_is_one_line(text, line, sentence):
    assert refused(text).startswith(f"p.yml:{line}: {sentence}")


def test_bytes_that_are_no_text_name_their_line():
    assert refused(b"a: 1\nb: 2\nc: \xff\xfe\n") == "p.yml:3: not UTF-8 text; save the file as UTF-8"
    assert refused(b"\xff\xfea") == "p.yml:1: not UTF-8 text; save the file as UTF-8"


def test_hostile_files_are_refused_before_they_cost_anything():
    """Bounds are met before a tree is built, and with aliases written out."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 5)}]" for n in range(1, 10)]
    assert f"more than {MAX_NODES} values" in refused("\n".join(lines))
    assert f"more than {MAX_ALIASES} aliases" in refused("a: &a 1\nb: [" + "*a, " * 60 + "]")
    assert f"nested more than {MAX_DEPTH} deep" in refused("[" * 10_000)
    assert f"nested more than {MAX_DEPTH} deep" in refused("- " * 10_000)
    assert f"nested more than {MAX_DEPTH} deep" in refused("{a: " * 10_000)
    nest = "[" * (MAX_DEPTH - 2) + "{}" + "]" * (MAX_DEPTH - 2)
    chain = [f"a{n}: &a{n} {nest.format(f'*a{n - 1}' if n else 'x')}" for n in range(MAX_ALIASES)]
    assert f"nested more than {MAX_DEPTH} deep" in refused("\n".join(chain))
    assert "keys and values" in refused("[" + "a," * 100_000 + "]")
    assert "larger than 256 KiB" in refused(b"a" * (MAX_BYTES + 1))
    assert parse_yaml(b"a: " + b"b" * (MAX_BYTES - 3), "p.yml").flaws == []


def test_shortened_fits_on_a_terminal():
    assert shortened("a\n\x1b[2Jb\ud800") == "a\\n\\x1b[2Jb\\ud800"
    assert shortened("ä" * 61) == "ä" * 60 + "..."
