"""visualsearch.py as a person uses it."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import ExitCode
from search.place import index_path
from tests.running import PATIENCE_S, ROOT, restored_logging
from tests.search.collection import BERN, NOT_UTF8, write_collection
from tests.search.outputs import Output, label, name
from visualsearch import main

EVIL = 'a\x1b]0;title\x07\u202e"\n; =HYPERLINK("x")'


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Output:
    output = Output(tmp_path_factory.mktemp("out"))
    write_collection(output)
    output.index()
    return output


class Said:
    """What the program printed in this process, and its exit code."""

    def __init__(self, capfd: pytest.CaptureFixture[str], *arguments: object) -> None:
        try:
            with restored_logging():
                self.code = main([str(one) for one in arguments])
        except SystemExit as end:
            self.code = end.code
        self.out, self.err = capfd.readouterr()
        self.lines = self.out.splitlines()


def test_both_children_with_the_dog_in_a_table(output: Output, capfd) -> None:
    said = Said(capfd, "query", output.folder, "name:anna name:tom label:dog taken:2008")
    assert said.code == ExitCode.OK
    assert said.lines == [
        "taken             file                        names      labels",
        "2008-06-14 15:30  2008/birthday/IMG_1234.jpg  Anna, Tom  dog, person",
        "1 file",
    ]
    assert said.err == ""


def test_a_video_in_the_table_says_when(output: Output, capfd) -> None:
    said = Said(capfd, "query", output.folder, "name:anna label:dog type:video")
    assert said.lines[1] == "2008-08-08 08:08  film/together.mp4  Anna   dog     0:03.5-0:08"


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["-dog", "taken:2008"], "1"),
        (["taken:2008", "-dog"], "1"),
        (["-hot dog"], "4"),
        (["-cat", "OR", "dog"], "15"),
        (["hot", "dog"], "1"),
        (["--", "-dog"], "12"),
        (["--", "--count"], "16"),
        (["--dog!", "taken:2008"], "1"),
        (["---"], "16"),
        (["--(dog"], "12"),
        (["-"], "16"),
        ([], "16"),
    ],
)
def test_words_need_no_quotes(output: Output, capfd, words: list[str], count: str) -> None:
    said = Said(capfd, "query", output.folder, "--count", *words)
    assert (said.out, said.code) == (f"{count}\n", ExitCode.OK), said.err


def test_json_lines(output: Output, capfd) -> None:
    said = Said(capfd, "query", output.folder, "--json", "type:video name:anna label:dog")
    (one,) = map(json.loads, said.lines)
    assert one == {
        "file": "/photos/film/together.mp4",
        "type": "video",
        "taken": "2008-08-08T08:08:08",
        "labels": ["dog"],
        "names": ["Anna"],
        "moments": [[3.5, 8.0]],
        "best": {"label": "dog", "time": 8.5, "frame": 17, "rect": [0, 20, 8, 60], "confidence": 0.9},
    }
    assert len(Said(capfd, "query", output.folder, "--json").lines) == 16
    assert len(Said(capfd, "query", output.folder, "--json", "--limit", "3").lines) == 3


def test_csv_has_a_row_a_file(output: Output, capfd) -> None:
    said = Said(capfd, "query", output.folder, "--csv", "name:anna")
    rows = list(csv.reader(io.StringIO(said.out)))
    assert rows[0] == ["file", "type", "taken", "names", "labels", "moments"]
    assert ["/photos/film/apart.mp4", "video", "", "Anna", "cat; dog", "3-3"] in rows


def test_paths_with_nul_between_are_bytes(output: Output) -> None:
    command = [sys.executable, ROOT / "visualsearch.py", "query", output.folder, "taken:2010", "--paths0"]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=True)
    assert done.stdout.split(b"\0") == [
        b"/photos/" + os.fsencode(NOT_UTF8),
        "/photos/東京/写真.jpg".encode(),
        b"",
    ]


def test_facets(output: Output, capfd) -> None:
    said = Said(capfd, "query", output.folder, "taken:2008", "--facets", "name,year")
    assert said.lines == ["name:", "           3  Anna", "           2  Tom", "year:", "           4  2008"]
    said = Said(capfd, "query", output.folder, "taken:2008", "--facets", "name", "--json")
    assert json.loads(said.out) == {"name": {"Anna": 3, "Tom": 2}}


def test_explain(output: Output, capfd) -> None:
    said = Said(capfd, "query", output.folder, "--explain", "anna -dog taken:2008 taken:soon")
    assert said.lines == [
        "files that match:",
        "  all of:",
        "    any of:",
        '      the path or title has "anna"',
        '      the name "Anna" (5 files) or the name "Anna Maria Müller" (1 file)',
        "    not:",
        "      any of:",
        '        the path or title has "dog"',
        '        the label "dog" (4 files)',
        "    taken in 2008",
        '    the path or title has "taken soon"',
        'note: "taken:soon" is searched as words: taken expects a date such as 2008, 2008-05 or '
        "2008-05..2008-06",
    ]


def test_a_label_that_is_not_there_is_noted(output: Output, capfd) -> None:
    said = Said(capfd, "query", output.folder, "label:dgo")
    assert (said.code, said.out) == (ExitCode.OK, "nothing found\n")
    assert said.err == 'note: no file has the label "dgo"; there is dog\n'


def test_show_takes_a_path_in_any_form(output: Output, capfd, monkeypatch: pytest.MonkeyPatch) -> None:
    relative = "2008/birthday/IMG_1234.jpg"
    expected = Said(capfd, "show", output.folder, relative)
    assert expected.code == ExitCode.OK
    assert expected.lines[0] == f"/photos/{relative}"
    assert "  title      A day at the Lake" in expected.lines
    assert "  rating     5" in expected.lines
    assert "  place      46.948, 7.4474" in expected.lines
    assert "    person 70% at 20,20 to 28,60 (objects)" in expected.lines
    for path in (f"/photos/{relative}", output.folder / f"{relative}.json", f"./{relative}"):
        assert Said(capfd, "show", output.folder, path).out == expected.out
    monkeypatch.chdir(output.folder / "2008")
    assert Said(capfd, "show", "..", "birthday/IMG_1234.jpg.json").out == expected.out
    assert Said(capfd, "show", output.folder, f"/elsewhere/{relative}").code == ExitCode.USAGE
    assert BERN["latitude"] == 46.948


def test_show_lists_a_videos_moments_in_the_order_of_time(output: Output, capfd) -> None:
    said = Said(capfd, "show", output.folder, "film/together.mp4")
    assert said.lines[-2:] == [
        "    0:03-0:03.5      Anna at 0,20 to 8,60 (objects), best at 0:03",
        "    0:08-0:08.5      dog 90% at 0,20 to 8,60 (objects), best at 0:08.5",
    ]


def test_labels_and_paths_never_reach_a_terminal_as_they_are(tmp_path: Path, capfd) -> None:
    output = Output(tmp_path)
    output.photo(f"x/{EVIL}.jpg", label(EVIL), name(EVIL), camera=EVIL)
    output.photo("y.jpg", label("=1+1"), name("@sum"))
    output.index()
    for arguments in (
        *(["query", tmp_path], ["query", tmp_path, "--json"], ["query", tmp_path, "--csv"]),
        *(["query", tmp_path, "--facets", "label,name,camera"], ["show", tmp_path, f"x/{EVIL}.jpg"]),
        *(
            ["query", tmp_path, "--explain", f"name:* {EVIL} camera:*title*"],
            ["query", tmp_path, f"label:{EVIL}x"],
        ),
    ):
        said = Said(capfd, *arguments)
        assert said.code == ExitCode.OK, said.err
        shown = said.out.replace("\r\n", "\n") + said.err
        assert not set(shown) & set("\x1b\x07\u202e\x00\r"), arguments
    rows = list(csv.reader(io.StringIO(Said(capfd, "query", tmp_path, "--csv", "y.jpg").out)))
    assert rows[1][3:5] == ["'@sum", "'=1+1"]
    (one,) = map(json.loads, Said(capfd, "query", tmp_path, "--json", "x").lines)
    assert one["labels"] == [EVIL]
    assert output.find(f'label:"{EVIL}"') == [] or output.find("label:a*") == [f"x/{EVIL}.jpg"]


def test_copies_that_cannot_be_made_are_named_and_the_exit_code_says_so(
    output: Output, tmp_path, capfd
) -> None:
    said = Said(capfd, "query", output.folder, "fiji", "--copy-to", tmp_path / "copies")
    assert said.code == ExitCode.SOME_FAILED
    assert said.err == "/photos/fiji.jpg: cannot be read (No such file or directory)\n"
    assert said.out == f"0 copied, 1 failed (see above); they are in {tmp_path}/copies\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["query"],
        ["query", "{out}", "--jsn"],
        ["query", "{out}", "--json", "--csv"],
        ["query", "{out}", "--facets", "colour"],
        ["query", "{out}", "--facets", "label", "--count"],
        ["query", "{out}", "--limit", "-1"],
        ["index", "{out}", "more"],
        ["show", "{out}", "none.jpg"],
    ],
)
def test_a_wrong_command_line_is_one_sentence(output: Output, capfd, arguments: list[str]) -> None:
    said = Said(capfd, *(one.format(out=output.folder) for one in arguments))
    assert (said.code, said.out) == (ExitCode.USAGE, "")
    assert said.err.count("\n") == 1


def test_index_says_what_it_did(tmp_path: Path, capfd) -> None:
    output = Output(tmp_path)
    output.photo("a.jpg")
    assert Said(capfd, "index", tmp_path).out.startswith("1 file in the index; 1 read, 0 removed, in ")
    assert Said(capfd, "index", tmp_path, "--rebuild").out.startswith(
        "1 file in the index; 1 read, 0 removed, in "
    )
    (tmp_path / "b.jpg.json").write_text((tmp_path / "a.jpg.json").read_text()[:-9])
    said = Said(capfd, "index", tmp_path)
    assert (said.code, "1 damaged (see above)" in said.out) == (ExitCode.SOME_FAILED, True)
    assert "b.jpg.json: the report is damaged" in said.err
    assert Said(capfd, "index", tmp_path, "--quiet").out == ""


def test_an_index_elsewhere(output: Output, tmp_path: Path, capfd) -> None:
    elsewhere = tmp_path / "index.sqlite"
    assert Said(capfd, "index", output.folder, "--index", elsewhere).code == ExitCode.OK
    assert Said(capfd, "query", output.folder, "--index", elsewhere, "dog", "--count").out == "4\n"
    assert elsewhere.is_file()
    assert index_path(output.folder).is_file()


def test_a_reader_that_goes_away_is_no_error(output: Output) -> None:
    command = f"{sys.executable} {ROOT}/visualsearch.py query {output.folder} --json | true"
    done = subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode in (ExitCode.OK, ExitCode.BROKEN_PIPE)
    assert done.stderr == ""
