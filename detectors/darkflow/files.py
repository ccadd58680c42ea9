"""Where the two files of a Darkflow network lie."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import ModelError
from pipeline.text import printable

DARKFLOW_SUFFIX = ".pb"


class DarkflowFiles(NamedTuple):
    """The frozen graph and its description."""

    graph: Path
    meta: Path


def resolve_darkflow(model: str, weights: str | None) -> DarkflowFiles:
    """The files of a Darkflow network.

    Args:
        model: the path of the .pb; the .meta of the same name must lie beside it.
        weights: None; a .pb holds its own.
    Returns: files that exist.
    Raises: ModelError: one is missing, or there are weights besides.
    """
    if weights is not None:
        raise ModelError(f'{printable(weights)}: a .pb file holds its weights itself; leave "weights" out')
    graph = Path(model)
    meta = graph.with_suffix(".meta")
    for path, remedy in (
        (graph, "give the path of a .pb file that Darkflow saved (flow --savepb)"),
        (meta, f"Darkflow saves it with {printable(graph.name)}; put it beside that"),
    ):
        if not path.is_file():
            raise ModelError(f"{printable(path)}: there is no such file; {remedy}")
        if not os.access(path, os.R_OK):
            raise ModelError(f"{printable(path)}: you have no permission to read it; change its permissions")
    return DarkflowFiles(graph, meta)
