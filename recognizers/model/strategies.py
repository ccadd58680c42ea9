"""The recognition strategies: their names, and the names of their files."""

from __future__ import annotations

from pipeline.detections import UNKNOWN as UNKNOWN

EIGEN = "eigen"
FISCHER = "fischer"
LBP = "lbp"
EMBEDDING = "embedding"

CLASSIC = (EIGEN, FISCHER, LBP)
"""Those of OpenCV's face module, as in the 2017 program; they compare pictures of one size."""
STRATEGIES = (*CLASSIC, EMBEDDING)
"""In the order in which they run and are listed."""

TITLES = {EIGEN: "Eigenfaces", FISCHER: "Fisherfaces", LBP: "LBPH", EMBEDDING: "Embedding"}
"""What messages call them. (The name `fischer` is the 2017 program's spelling of Fisher.)"""


def strategy_named(word: str) -> str:
    """Return the strategy that a word names; `fisher` is accepted for `fischer`.

    Raises: ValueError: there is no such strategy; lists them.
    """
    name = FISCHER if word == "fisher" else word
    if name not in STRATEGIES:
        raise ValueError(f'"{word}" is not a recognition strategy; there are {", ".join(STRATEGIES)}')
    return name


def model_file_name(strategy: str) -> str:
    """Return the name of the file in a model directory that holds a strategy's gallery."""
    return f"{strategy}.npy" if strategy == EMBEDDING else f"{strategy}.yml"
