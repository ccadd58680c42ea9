"""What docs/search.md says is true: its examples find what it says, its first screen is what one sees."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from search.commands import query as query_command
from search.parser import parse
from search.question import understand
from search.resolve import WINDOW_S
from search.spans import CLOSED_GAP_S, CLOSED_STEPS
from search.syntax import Words
from tests.running import ROOT
from tests.search.outputs import Output, label, name

PAGE = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")
BERN = {"latitude": 46.948, "longitude": 7.4474}

EXAMPLES: dict[str, set[str]] = {
    "dog": {"party", "lake", "pets", "walk", "apart"},
    "hot dog": {"lunch"},
    '"birthday cake"': {"cake", "path"},
    "birth*": {"party", "cake", "path"},
    "dog OR cat": {"party", "lake", "pets", "walk", "cats", "apart"},
    "dog -name:tom": {"pets", "walk", "apart"},
    "(dog OR cat) taken:2009": {"pets", "cats"},
    "anna": {"party", "lake", "anna", "maria", "apart"},
    "rome": {"walk", "crowd", "faces"},
    'name:"anna müller"': {"anna"},
    "name:*": {"party", "lake", "anna", "maria", "stranger", "apart"},
    "label:hot*": {"lunch"},
    "label>=3:person": {"crowd"},
    "faces=2": {"party", "faces", "lake"},
    "label:dog conf>=0.8": {"party", "lake", "pets", "apart"},
    "taken:2008": {"party", "lake", "lunch", "cake"},
    "taken:2008-06..2008-08": {"party", "lake", "cake"},
    "taken:2009..": {"pets", "cats", "bern"},
    "near:46.95,7.45,5km": {"bern"},
    "path:2008/birthday": {"party", "cake"},
    "camera:canon": {"canon"},
    "type:video name:anna": {"lake", "apart"},
    "name:anna label:dog type:video": {"lake"},
    "tag:holiday rating>=4": {"crowd"},
    'title:"at the lake"': {"faces"},
    "is:located -is:annotated": {"bern"},
    "img_1234": {"party"},
}
"""The page's examples, with the files that they find below."""


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Output:
    """Files that are called by their keys in `PATHS`."""
    output = Output(tmp_path_factory.mktemp("page"))
    photo = output.photo
    children = (name("Anna"), name("Tom"))
    photo(PATHS["party"], *children, label("dog"), label("person"), taken="2008-06-14T15:30:00")
    photo(PATHS["cake"], label("birthday cake"), taken="2008-07-01T00:00:00")
    photo(PATHS["path"])
    photo(PATHS["lunch"], label("hot dog"), taken="2008-01-01T12:00:00")
    photo(PATHS["pets"], label("dog"), label("cat"), taken="2009-05-05T05:05:05")
    photo(PATHS["walk"], label("dog", 0.5), keywords=["Rome", "holiday"], rating=3)
    photo(PATHS["cats"], label("cat"), taken="2009-06-06T06:06:06")
    photo(PATHS["anna"], name("Anna Müller"))
    photo(PATHS["maria"], name("Anna Maria"))
    photo(PATHS["stranger"], name("unknown"))
    photo(PATHS["crowd"], *(label("person"),) * 3, keywords=["Places|Rome trip", "holiday"], rating=4)
    photo(PATHS["faces"], label("face"), label("face"), title="Rome: at the lake")
    photo(PATHS["bern"], gps=BERN, taken="2011-01-01T00:00:00")
    photo(PATHS["canon"], camera="Canon PowerShot G7 X", gps={"latitude": 1.0, "longitude": 1.0})
    (output.folder / f"{PATHS['canon']}-annotated.jpg").write_bytes(b"")
    seen = {3.0: [name("Tom")], 3.5: [*children], 8.0: [label("dog")]}
    output.video(PATHS["lake"], seen, taken="2008-08-08T08:08:08")
    output.video(PATHS["apart"], {1.0: [name("Anna")], 20.0: [label("dog")]})
    output.index()
    return output


PATHS = {
    "party": "2008/birthday/IMG_1234.jpg",
    "cake": "2008/birthday/IMG_1235.jpg",
    "path": "birthday-cake/a.jpg",
    "lake": "2008/summer/lake.mp4",
    **{
        key: f"{key}.jpg"
        for key in ("lunch", "pets", "walk", "cats", "crowd", "faces", "bern", "canon", "stranger")
    },
    "anna": "x/1.jpg",
    "maria": "x/2.jpg",
    "apart": "x/3.mp4",
}


def test_the_pages_examples_are_all_tried_here() -> None:
    table = PAGE.split("| query | finds |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE) == list(EXAMPLES)
    assert len(EXAMPLES) >= 20


@pytest.mark.parametrize("query", EXAMPLES)
def test_example(output: Output, query: str) -> None:
    names = {path: key for key, path in PATHS.items()}
    assert {names[path] for path in output.find(query)} == EXAMPLES[query]


def test_the_first_screen(output: Output, capsys: pytest.CaptureFixture[str]) -> None:
    import visualsearch

    command, shown = re.search(
        r"    \S+/python visualsearch\.py query \S+ '(.+)'\n\n((?:    .+\n)+)", PAGE
    ).groups()
    visualsearch.main(["query", os.fspath(output.folder), command])
    assert capsys.readouterr().out.splitlines() == [line[4:] for line in shown.splitlines()]
    assert PAGE.index(command) < 200, "it stands on the first screen"


def test_every_field_and_option_is_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    import visualsearch

    with pytest.raises(SystemExit):
        visualsearch.main(["query", "--help"])
    for option in re.findall(r"--[a-z0-9-]+", capsys.readouterr().out):
        assert option in ("--help",) or f"`{option}" in PAGE or f"{option} " in PAGE, option
    for field in ("label", "name", "faces", "conf", "taken", "near", "path", "camera", "type", "is"):
        assert not isinstance(parse(f"{field}:1,2"), Words) or field in (
            "faces",
            "conf",
            "taken",
            "type",
            "is",
        )
        assert re.search(rf"\b{field}[:>]", PAGE), field
    assert query_command._TABLE_ROWS == 50
    assert "a table of up to 50 files, newest first" in PAGE


def test_the_stated_numbers_are_the_programs() -> None:
    assert f"at most {WINDOW_S:g} seconds apart" in PAGE
    assert re.search(rf"gaps of up to {CLOSED_GAP_S:g} seconds, or of {CLOSED_STEPS:g} sampling steps", PAGE)


def test_the_explained_query_is_explained_so(tmp_path: Path) -> None:
    output = Output(tmp_path)
    for number in range(5):
        output.photo(f"{number}.jpg", name("Anna"), *([label("dog")] if number else []))
    output.photo("x.jpg", name("Anna Maria"))
    output.index()
    from search.explain import explanation

    shown = re.search(r"--explain '(.+)'\n((?:    .+\n)+)", PAGE)
    with output.open() as index:
        lines = explanation(understand(shown[1], index))
    assert lines == [line[4:] for line in shown[2].splitlines()]
