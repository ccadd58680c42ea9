"""The pipeline files that come with the program, for `visualminer --example NAME`."""

from __future__ import annotations

import sysconfig
from pathlib import Path

EXAMPLES = {
    "demo": "demo-pipeline.yml",
    "people": "people.yml",
    "example": "example-pipeline.yml",
    "onlycascade": "onlycascade.yml",
    "onlycatfacerecog": "onlycatfacerecog.yml",
    "onlydetector": "onlydetector.yml",
    "onlydetectorreport": "onlydetectorreport.yml",
}
"""Names of the example pipeline files, and the files."""

_CHECKOUT = Path(__file__).resolve().parents[2]
_INSTALLED = Path("share", "deepvisualminer")
"""Where pyproject.toml installs them, below the environment's data folder."""


def read_example(name: str) -> str:
    """The text of an example pipeline file.

    Args:
        name: a key of `EXAMPLES`.
    Raises: OSError: the installation is not complete.
    """
    beside = _CHECKOUT / EXAMPLES[name]
    if beside.is_file():
        return beside.read_text(encoding="utf-8")
    return (Path(sysconfig.get_path("data")) / _INSTALLED / EXAMPLES[name]).read_text(encoding="utf-8")
