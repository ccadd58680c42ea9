"""The files of a deep detector's network: found once, then checked, hashed and opened.

A network is of one of three kinds, each with a class of its own, which `kind_of` picks by the model's name.
An instance holds the paths of files that exist; `DeepDetectorParams` finds it once and keeps it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from detectors.networkparams import NetworkParams, Resize
from pipeline.component import Problem
from pipeline.detections import Box
from pipeline.frame import Frame
from pipeline.models.files import is_onnx

if TYPE_CHECKING:
    from detectors.boxes import FloatArray

DARKFLOW_SUFFIX = ".pb"


class Network(Protocol):
    """What a deep detector asks of a network that is loaded."""

    names: tuple[str, ...]
    """Of the classes, in the order of the class ids."""

    @property
    def forkable(self) -> bool:
        """Whether processes may be forked off one that holds it; see `Component.forkable`."""

    def needed_wh(self, full_wh: tuple[int, int], resize: Resize) -> tuple[int, int]:
        """How large a whole frame of this size becomes on the network's input."""

    def iter_boxes(
        self, frame: Frame, regions: Sequence[Box], *, threshold: float, nms: float, resize: Resize
    ) -> Iterator[tuple[Box, FloatArray, FloatArray]]:
        """Boxes in each region, see `yolonetwork.YoloNetwork.iter_boxes`."""


class NetworkFiles(Protocol):
    """The files of one network of one kind."""

    @staticmethod
    def iter_unfit(params: NetworkParams) -> Iterator[Problem]:
        """Params that networks of this kind have no use for."""

    @classmethod
    def find(cls, model: str, weights: str | None) -> Self:
        """The files for which a pipeline file's `model` and `weights` stand.

        Raises: ModelError: a name is unknown, or a file is missing or damaged; says what to do.
        """

    def iter_problems(self, params: NetworkParams) -> Iterator[Problem]:
        """What is wrong with the files' contents, found without loading the network."""

    def paths(self, labels: Path | None) -> tuple[Path, ...]:
        """All files that decide what is found; `labels` is the file of class names that params give."""

    def results_version(self) -> int:
        """See `Component.results_version`."""

    def names_file(self) -> Path | None:
        """The text file of class names that is used where params give none; None if they are elsewhere."""

    def open(self, params: NetworkParams) -> Network:
        """Load the network; compile it first if it is compiled and the cache does not hold it.

        Raises: ModelError: a file is damaged, not supported, or does not belong to the others.
        """


def kind_of(model: str) -> type[NetworkFiles]:
    """The kind of network that a pipeline file's `model` names; imports only that kind's modules."""
    if is_onnx(model):
        from detectors.onnx.files import OnnxFiles

        return OnnxFiles
    if model.endswith(DARKFLOW_SUFFIX):
        from detectors.darkflow.files import DarkflowFiles

        return DarkflowFiles
    from detectors.darknet.files import DarknetFiles

    return DarknetFiles
