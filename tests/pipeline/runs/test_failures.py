"""`visualminer.py --failures OUTPUT`: all that has failed so far, with what to do."""

from __future__ import annotations

import pytest

from pipeline.errors import FAILURE_ADVICE, ExitCode, FailureCode, UsageError
from pipeline.runs.failures import iter_failure_lines
from tests.house import House
from tests.running import run


def test_failures_of_all_runs_by_code_with_what_to_do(house: House) -> None:
    house.photo("good.png")
    for name in ("a.jpg", "b.jpg"):
        (house.input / name).write_text("words")
    house.night()
    (house.input / "c.jpg").touch()
    house.night()
    before = house.snapshot()
    lines = list(iter_failure_lines(str(house.output)))
    assert lines[0] == "unsupported_format (2 files): named like a photo or video, but its content is neither"
    assert lines[1] == f"  what to do: {FAILURE_ADVICE[FailureCode.UNSUPPORTED_FORMAT]}"
    assert lines[2] == f"    {house.input}/a.jpg: neither a photo nor a video by its content"
    assert lines[3].startswith(f"    {house.input}/b.jpg: ")
    assert lines[4].startswith("empty_file (1 file): ")
    assert lines[-1].startswith("3 files failed; ")
    assert house.snapshot() == before


def test_what_was_repaired_or_deleted_is_no_failure(house: House) -> None:
    for name in ("a.jpg", "b.jpg"):
        house.input.mkdir(exist_ok=True)
        (house.input / name).write_text("words")
    house.night()
    house.photo("a.jpg")
    (house.input / "b.jpg").unlink()
    house.night()
    assert list(iter_failure_lines(str(house.output))) == [f"{house.output}: nothing has failed"]


def test_a_folder_that_is_no_output(house: House) -> None:
    house.photo("a.png")
    with pytest.raises(UsageError, match="no run has used this folder as OUTPUT"):
        list(iter_failure_lines(str(house.input)))


def test_the_program_lists_them(house: House) -> None:
    house.input.mkdir(exist_ok=True)
    (house.input / "a.jpg").write_text("words")
    house.night()
    done = run("--failures", house.output)
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
    assert "what to do: " in done.stdout
