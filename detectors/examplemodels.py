"""Tiny networks for the self-test and the contract tests: a Darknet one of random weights, two ONNX files.

The ONNX files lie in `examples/` and are made by the tests of `detectors/onnx`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

_CFG = """\
[net]
width=32
height=32
channels=3

[convolutional]
batch_normalize=1
filters=8
size=3
stride=2
pad=1
activation=leaky

[maxpool]
size=2
stride=2

[convolutional]
filters=21
size=1
stride=1
activation=linear

[yolo]
mask=0,1,2
anchors=4,4, 8,8, 16,16
classes=2
num=3
"""
_NORMALIZED = 8 * 4 + 8 * 27
_HEAD_BIASES = 21
_HEAD_KERNELS = 21 * 8
_BOX_VALUES = 7
"""x, y, width, height, objectness, two classes; three boxes a cell."""


def write_darknet_network(folder: Path) -> dict[str, str]:
    """Write `tiny.cfg`, `tiny.weights` and `tiny.names`, a network of two classes that finds nearly nothing.

    Args:
        folder: files that are there already are kept.
    Returns: the params of a `deepdetector` that runs it.
    """
    cfg, weights, names = (folder / f"tiny{ending}" for ending in (".cfg", ".weights", ".names"))
    if not cfg.exists():
        weights.write_bytes(_weights())
        names.write_text("this\nthat\n", encoding="utf-8")
        cfg.write_text(_CFG, encoding="utf-8")
    return {"model": str(cfg), "weights": str(weights), "labels": str(names)}


def copy_onnx_network(name: str, folder: Path) -> dict[str, str]:
    """Copy an ONNX network of `examples/`.

    Args:
        name: of the file.
        folder: where it goes; a file that is there already is kept.
    Returns: the params of a detector that runs it.
    """
    target = folder / name
    if not target.exists():
        shutil.copyfile(Path(__file__).parent / "examples" / name, target)
    return {"model": str(target)}


def _weights() -> bytes:
    import numpy as np

    random = np.random.default_rng(2017)
    header = np.array((0, 2, 0, 0, 0), dtype="<i4").tobytes()
    biases = np.zeros(_HEAD_BIASES)
    biases[4::_BOX_VALUES] = -6.0  # objectness: nothing is there, unless the threshold is very low
    parts = (
        random.uniform(0.05, 0.3, _NORMALIZED),
        biases,
        random.uniform(-0.1, 0.1, _HEAD_KERNELS),
    )
    return header + np.concatenate(parts).astype("<f4").tobytes()
