"""Plug-ins find the names that writing needs in the module whose path is stable."""

from __future__ import annotations

import pytest

from pipeline.files import outputs


@pytest.mark.parametrize(
    "name",
    [
        "keep_file",
        "make_part",
        "noting_outputs",
        "output_errors",
        "output_path",
        "output_suffix",
        "remove_parts",
        "replace_file",
        "write_file",
    ],
)
def test_a_plugin_finds_it(name: str) -> None:
    assert callable(getattr(outputs, name))
