from __future__ import annotations

import pytest

from pipeline.errors import ExitCode, ModelError
from pipeline.host.program import OneLineParser, exit_status


def parser() -> OneLineParser:
    made = OneLineParser(prog="miner")
    made.add_argument("--workers")
    made.add_argument("photo", nargs="?")
    return made


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--wokers", "3"],
            'miner: there is no option --wokers; did you mean "--workers"?; see miner --help\n',
        ),
        (["a.jpg", "b\x1b.jpg"], "miner: unrecognized arguments: b\\x1b.jpg; see miner --help\n"),
        (["--workers"], "miner: argument --workers: expected one argument; see miner --help\n"),
    ],
)
def test_an_error_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(arguments)
    assert ended.value.code == ExitCode.USAGE
    assert capsys.readouterr().err == said


def test_right_arguments() -> None:
    assert vars(parser().parse_args(["--workers", "3", "a.jpg"])) == {"workers": "3", "photo": "a.jpg"}


def raising(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ModelError("a model is missing"), ExitCode.ENVIRONMENT, "a model is missing\n"),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, "interrupted\n"),
    ],
)
def test_errors_that_end_a_program(
    error: BaseException, status: ExitCode, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_status(lambda: raising(error)) == status
    assert capsys.readouterr().err == said


def test_a_fault_of_the_program_is_no_sentence() -> None:
    with pytest.raises(ZeroDivisionError):
        exit_status(lambda: raising(ZeroDivisionError()))
