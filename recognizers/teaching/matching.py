"""Matching pictures of faces against a model, with the nearest known face of every strategy."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pipeline.detections import Label
from pipeline.frame import GrayArray
from pipeline.host.cores import usable_cores
from recognizers.faces.dataset import Example
from recognizers.faces.faceimage import model_face
from recognizers.faces.folderrecord import common_record
from recognizers.faces.pictures import read_gray, read_rgb
from recognizers.model.facemodel import FaceModel, available, check_galleries, read_facemodel
from recognizers.model.knownfaces import KnownFaces
from recognizers.networks.probe import Probe, probe_of_picture
from recognizers.teaching.evaluation import Answer
from recognizers.teaching.training import file_digest_of


class FaceMatcher:
    """A model with the galleries of some strategies in memory.

    Args:
        directory: the model directory.
        strategies: of `STRATEGIES`; empty for all that the model has.
    Raises: ModelError: the model lacks one of them, or cannot be read.
    """

    def __init__(self, directory: str, strategies: Sequence[str]) -> None:
        self.model: FaceModel = read_facemodel(directory)
        strategies = strategies or available(directory, self.model)
        self.strategies = tuple(strategies)
        check_galleries(directory, self.model, tuple(strategies))
        self._known = KnownFaces(directory, self.model, strategies)
        distances = {strategy: self.model.unknown_distance(strategy) for strategy in strategies}
        self.limits = {name: distance for name, distance in distances.items() if distance is not None}

    def nearest(self, path: str, *, equalize: bool | None = None) -> dict[str, Label]:
        """Return, for each strategy, the known face nearest to a picture, at whatever distance.

        Args:
            path: of the picture.
            equalize: see `prepared`; `embedding` ignores it.
        Raises: UsageError: it cannot be read.
        """
        landmarks = self.model.aligned or self._known.finds_landmarks

        def probe() -> Probe:
            """Return the picture as a network takes it."""
            return probe_of_picture(read_rgb(path), common_record([path]), landmarks=landmarks)

        # `prepared` returns the gray face completely preprocessed.
        found = self._known.nearest(lambda: self.prepared(path, equalize=equalize), probe, equalize=False)
        return {
            strategy: Label(self.model.labels[number], method=strategy, distance=distance)
            for strategy, (number, distance) in found.items()
        }

    def prepared(self, path: str, *, equalize: bool | None = None) -> GrayArray:
        """Read a picture of a face and preprocess it for the model.

        Pictures of the model's size are used as the `resize` command wrote them; others are preprocessed as
        it would do it.

        Args:
            path: of the picture.
            equalize: whether its histogram is equalized; None: if the training faces were, and this one was
                not yet, judged by its folder's record or its size.
        Raises: UsageError: it cannot be read.
        """
        gray = read_gray(path)
        if equalize is None:
            done = common_record([path]).equalized
            ready = gray.shape == self.model.size_wh[::-1]
            equalize = self._known.equalized and not (ready if done is None else done)
        return model_face(gray, self.model.size_wh, equalize=equalize, fit=self.model.fit)

    def answer(self, examples: Sequence[Example]) -> list[Answer]:
        """Return the strategies' answers for labelled pictures, in the same order; on all cores.

        Raises: UsageError: one of them cannot be read.
        """

        def one(example: Example) -> Answer:
            """Return the answer for one picture."""
            return Answer(example, self.nearest(example.path), self.limits)

        with ThreadPoolExecutor(usable_cores()) as threads:
            return list(threads.map(one, examples))

    def taught(self, examples: Sequence[Example]) -> list[Example]:
        """Return those pictures that the model was trained with, compared by content."""
        known = frozenset(self.model.training_files)
        if not known:
            return []
        return [
            example
            for example in examples
            if os.path.isfile(example.path) and file_digest_of(example.path) in known
        ]
