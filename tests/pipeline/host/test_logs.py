from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import datetime

import pytest

from pipeline.errors import ExitCode, UsageError
from pipeline.host.logs import own_level, set_levels, set_up_logging
from tests.running import restored_logging

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


@pytest.fixture(autouse=True)
def logging_of_its_own() -> Iterator[None]:
    with restored_logging():
        yield


def say_everything() -> None:
    for name in ("pipeline.workers", "PIL.PngImagePlugin"):
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            logging.getLogger(name).log(level, "%s at %d", name, level)


def test_lines_have_their_time_and_what_is_more_than_news_says_so(capfd):
    set_up_logging(logging.INFO, None)
    say_everything()
    lines = [re.sub(rf"^{TIME} ", "", line) for line in capfd.readouterr().err.splitlines()]
    assert lines == [
        "pipeline.workers at 20",
        "warning: pipeline.workers at 30",
        "error: pipeline.workers at 40",
        "warning: PIL.PngImagePlugin at 30",
        "error: PIL.PngImagePlugin at 40",
    ]


def test_a_log_file_gets_everything_of_ours_and_is_appended_to(tmp_path, capfd):
    log = tmp_path / "log.txt"
    log.write_text("older\n")
    set_up_logging(logging.CRITICAL, str(log))
    say_everything()
    logging.getLogger("pipeline").warning("\udcff \ud800")
    assert capfd.readouterr().err == ""
    lines = log.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "older"
    assert lines[1].endswith(" pipeline.workers at 10")
    assert "PIL.PngImagePlugin at 20" not in log.read_text(encoding="utf-8")
    assert lines[-1].endswith(" warning: \\udcff \\ud800")
    assert own_level() == logging.DEBUG


def test_a_log_file_that_is_rotated_or_whose_folder_goes_away_in_the_middle(tmp_path):
    log = tmp_path / "logs" / "log.txt"
    log.parent.mkdir()
    set_up_logging(logging.CRITICAL, str(log))
    for word in ("first", "second"):
        logging.getLogger("pipeline").warning(word)
        log.rename(tmp_path / word)
    assert (tmp_path / "first").read_text().endswith(" warning: first\n")
    assert (tmp_path / "second").read_text().endswith(" warning: second\n")
    log.parent.rmdir()
    logging.getLogger("pipeline").warning("third")


def test_lines_for_programs(tmp_path, capfd):
    log = tmp_path / "log"
    set_up_logging(logging.INFO, str(log), "json")
    logging.getLogger("pipeline").debug("\udcff\n", extra={"fields": {"file": "a", "status": "mined"}})
    try:
        raise ValueError("odd")
    except ValueError:
        logging.getLogger("pipeline").exception("went wrong")
    first, second = map(json.loads, log.read_text().splitlines())
    assert datetime.fromisoformat(first.pop("time")).utcoffset() is not None
    assert first == {
        "level": "debug",
        "logger": "pipeline",
        "message": "\udcff\n",
        "file": "a",
        "status": "mined",
    }
    assert second["traceback"].endswith("ValueError: odd")
    assert [json.loads(line)["message"] for line in capfd.readouterr().err.splitlines()] == ["went wrong"]


def test_no_terminal_obeys_a_line_and_tracebacks_keep_theirs(capfd):
    set_up_logging(logging.INFO, None)
    try:
        raise ValueError("\x1b[2J")
    except ValueError:
        logging.getLogger("pipeline").warning("a\rb\nc", exc_info=True)
    printed = capfd.readouterr().err
    assert re.match(rf"{TIME} warning: a\\rb\nc\nTraceback \(most recent call last\):\n", printed)
    assert printed.endswith("ValueError: \\x1b[2J\n")


def test_libraries_are_never_louder_than_we_are(capfd):
    set_up_logging(logging.INFO, None)
    set_levels(logging.CRITICAL)
    say_everything()
    assert capfd.readouterr().err == ""


def test_a_log_file_on_a_full_disk_is_no_traceback(capfd):
    set_up_logging(logging.INFO, "/dev/full")
    logging.getLogger("pipeline").info("still here")
    assert capfd.readouterr().err.endswith(" still here\n")


def test_a_log_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(UsageError) as raised:
        set_up_logging(logging.INFO, str(tmp_path / "no" / "log.txt"))
    assert raised.value.exit_code is ExitCode.USAGE
    assert str(raised.value) == (
        f"{tmp_path}/no/log.txt: the log file cannot be opened (No such file or directory); name another"
    )
