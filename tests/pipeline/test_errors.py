from __future__ import annotations

import pickle

import pytest

from pipeline import errors
from pipeline.errors import (
    FAILURE_ADVICE,
    FAILURE_MEANINGS,
    ExitCode,
    FailureCode,
    MinerError,
    PipelineFileError,
    SourceError,
)


def test_every_failure_code_has_a_meaning_of_its_own():
    assert set(FAILURE_MEANINGS) == set(FAILURE_ADVICE) == set(FailureCode)
    assert len(set(FAILURE_MEANINGS.values())) == len(FailureCode)


def test_exit_codes_are_what_scripts_rely_on():
    assert {code.name: code.value for code in ExitCode}.items() >= {
        "OK": 0,
        "SOME_FAILED": 1,
        "USAGE": 2,
        "ENVIRONMENT": 3,
        "INTERRUPTED": 130,
        "TERMINATED": 143,
        "BROKEN_PIPE": 141,
    }.items()


def test_every_error_that_ends_a_run_has_its_exit_code():
    for value in vars(errors).values():
        if isinstance(value, type) and issubclass(value, MinerError):
            assert value.exit_code in (ExitCode.USAGE, ExitCode.ENVIRONMENT, 4)


@pytest.mark.parametrize("code", FailureCode)
def test_a_source_error_crosses_processes(code):
    error = pickle.loads(pickle.dumps(SourceError(code, "the file is odd")))
    assert (error.code, error.sentence, str(error)) == (code, "the file is odd", "the file is odd")


def test_mistakes_of_a_pipeline_file_come_a_line_each():
    error = PipelineFileError(["p.yml:1: one", "p.yml:2: two"])
    assert str(error) == "p.yml:1: one\np.yml:2: two"
    assert error.problems == ("p.yml:1: one", "p.yml:2: two")
