"""A model in memory: the galleries of some strategies, and the search for the nearest known face."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.errors import ModelError
from pipeline.frame import GrayArray
from pipeline.text import printable
from recognizers.faces.faceimage import model_face
from recognizers.model.descriptors import DescriptorGallery
from recognizers.model.facemodel import FaceModel
from recognizers.model.gallery import Gallery, Nearest, taught_equalized
from recognizers.model.strategies import EMBEDDING
from recognizers.networks.base import RETRAIN, DescriptorArray, FaceNetworkRecord
from recognizers.networks.facenetwork import load_network
from recognizers.networks.probe import Probe


class KnownFaces:
    """The galleries of some strategies; a network is loaded only if `embedding` is among them.

    Args:
        directory: the model directory.
        model: its record.
        strategies: those to load.
    Raises: ModelError: a gallery or the network cannot be used.
    """

    def __init__(self, directory: str, model: FaceModel, strategies: Sequence[str]) -> None:
        self._model = model
        self.strategies = tuple(strategies)
        self._galleries = {
            strategy: Gallery.read(directory, model, strategy)
            for strategy in strategies
            if strategy != EMBEDDING
        }
        self.equalized = taught_equalized(model, list(self._galleries.values()))
        if EMBEDDING in strategies:
            self._descriptors = DescriptorGallery.read(directory, model)
            self._network = load_network(required_network(directory, model))

    @property
    def compares_pixels(self) -> bool:
        """Whether one of the strategies compares pixels."""
        return bool(self._galleries)

    @property
    def finds_landmarks(self) -> bool:
        """Whether there is a network that finds landmarks on its own."""
        return EMBEDDING in self.strategies and self._network.aligns_itself

    @property
    def asks_network_only(self) -> bool:
        """Whether a face's descriptor is all that is compared."""
        return self.strategies == (EMBEDDING,)

    def describe(self, probe: Probe) -> DescriptorArray:
        """Return the descriptor of a face, for `nearest_to`."""
        return self._network.describe(probe)

    def nearest_to(self, descriptor: DescriptorArray) -> Nearest:
        """Return the known face nearest to a descriptor."""
        return self._descriptors.nearest(descriptor)

    def nearest(
        self, gray: Callable[[], GrayArray], probe: Callable[[], Probe], *, equalize: bool
    ) -> dict[str, Nearest]:
        """Return, for each strategy, the known face nearest to a probe.

        Args:
            gray: returns the face as the training faces were cut out, of any size; called if needed.
            probe: returns it as a network takes it; called if needed.
            equalize: whether the histogram of the gray face is equalized.
        """
        found: dict[str, Nearest] = {}
        if self._galleries:
            face = model_face(gray(), self._model.size_wh, equalize=equalize, fit=self._model.fit)
        for strategy in self.strategies:
            if strategy == EMBEDDING:
                found[strategy] = self._descriptors.nearest(self._network.describe(probe()))
            else:
                found[strategy] = self._galleries[strategy].nearest(face)
        return found


def required_network(directory: str, model: FaceModel) -> FaceNetworkRecord:
    """Return the record of the network of a model that has the strategy `embedding`.

    Raises: ModelError: the model names no network.
    """
    if model.network is None:
        raise ModelError(f'"{printable(directory)}": its model.json names no network for faces; {RETRAIN}')
    return model.network
