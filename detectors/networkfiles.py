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
    """A loaded network, as a deep detector uses it."""

    names: tuple[str, ...]
    """Names of the classes, by class id."""

    @property
    def forkable(self) -> bool:
        """Whether processes may be forked off one that holds it; see `Component.forkable`."""

    def needed_wh(self, full_wh: tuple[int, int], resize: Resize) -> tuple[int, int]:
        """The size of a whole frame on the network's input."""

    def iter_boxes(
        self, frame: Frame, regions: Sequence[Box], *, threshold: float, nms: float, resize: Resize
    ) -> Iterator[tuple[Box, FloatArray, FloatArray]]:
        """Find boxes in each region; see `yolonetwork.YoloNetwork.iter_boxes`."""


class NetworkFiles(Protocol):
    """The files of one network of one kind."""

    @staticmethod
    def iter_unfit(params: NetworkParams) -> Iterator[Problem]:
        """Params that networks of this kind do not use."""

    @classmethod
    def find(cls, model: str, weights: str | None) -> Self:
        """Find the files of a pipeline file's `model` and `weights`.

        Raises: ModelError: a name is unknown, or a file is missing or damaged; says what to do.
        """

    def iter_problems(self, params: NetworkParams) -> Iterator[Problem]:
        """Check the files' contents without loading the network."""

    def try_opening(self, params: NetworkParams) -> None:
        """Open the network if that shows mistakes that `iter_problems` does not, and takes seconds at most.

        Raises: ModelError: as `open`.
        """

    def paths(self, labels: Path | None) -> tuple[Path, ...]:
        """All files that affect the results; `labels` is the file of class names in the params."""

    def results_version(self) -> int:
        """See `Component.results_version`."""

    def names_file(self) -> Path | None:
        """The text file of class names that is used if the params give none; None if there is none."""

    def stated_names(self) -> Sequence[str] | None:
        """The class names that are known without running the network and stand in no `names_file`."""

    def open(self, params: NetworkParams) -> Network:
        """Load the network; compile it first if needed.

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
