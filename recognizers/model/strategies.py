"""The recognition strategies by name: what people write, what their files are called."""

from __future__ import annotations

EIGEN = "eigen"
FISCHER = "fischer"
LBP = "lbp"
EMBEDDING = "embedding"

CLASSIC = (EIGEN, FISCHER, LBP)
"""Those of OpenCV's face module, which the 2017 program had; taught on pixels of one size."""
STRATEGIES = (*CLASSIC, EMBEDDING)
"""In the order in which they are tried and shown."""

TITLES = {EIGEN: "Eigenfaces", FISCHER: "Fisherfaces", LBP: "LBPH", EMBEDDING: "Embedding"}
"""What messages call them. (The name `fischer` is the 2017 program's spelling of Fisher.)"""

UNKNOWN = "unknown"
"""The label of a face that is nobody's in the gallery."""


def strategy_named(word: str) -> str:
    """The strategy that a word means; `fisher` is `fischer` spelt rightly.

    Raises: ValueError: no such strategy; says which there are.
    """
    name = FISCHER if word == "fisher" else word
    if name not in STRATEGIES:
        raise ValueError(f'"{word}" is no recognition strategy; there are {", ".join(STRATEGIES)}')
    return name


def model_file_name(strategy: str) -> str:
    """The file in a model directory that holds a strategy's gallery."""
    return f"{strategy}.npy" if strategy == EMBEDDING else f"{strategy}.yml"
