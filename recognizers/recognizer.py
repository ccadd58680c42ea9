"""Recognizer: says whose face a region is, with one or several strategies taught by facerec_train.py.

Strategies: Eigenfaces (Turk and Pentland, 1991), Fisherfaces (Belhumeur et al., 1997) and local binary
pattern histograms (Ahonen et al., 2006), as OpenCV's face module has them. Each names the known face that
is nearest; a face farther than the model's unknown distance is `unknown`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, model_validator

from pipeline import component
from pipeline.component import ALL, Detector, ModelName, Problem, Words
from pipeline.detections import Box, Detection, Label
from pipeline.errors import ModelError
from pipeline.frame import Frame, GrayArray
from recognizers.facemodel import (
    MODEL_FILE,
    FaceModel,
    available,
    check_galleries,
    locate,
    read_facemodel,
)
from recognizers.strategies import STRATEGIES, UNKNOWN, model_file_name, strategy_named
from recognizers.voting import elect

if TYPE_CHECKING:
    from recognizers.gallery import Nearest

MOST_VOTES = "mostvotes"

_log = logging.getLogger(__name__)


def _strategies(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(strategy_named(word) for word in words))


def _output(words: tuple[str, ...]) -> tuple[str, ...]:
    if ALL in words or MOST_VOTES in words:
        if len(words) > 1:
            raise ValueError(f'"{ALL}" and "{MOST_VOTES}" stand alone')
        return words
    return _strategies(words)


def _by_strategy(distances: dict[str, float]) -> dict[str, float]:
    return {strategy_named(word): distance for word, distance in distances.items()}


class RecognizerParams(component.Params):
    """What a recognizer's `params:` may say."""

    model: Annotated[ModelName, Field(description="model directory that facerec_train.py train wrote")]
    strategies: Annotated[
        Words,
        AfterValidator(_strategies),
        Field(description="which of eigen, fischer (or fisher) and lbp run; none given: all in the model"),
    ] = ()
    outputlabel: Annotated[
        Words,
        Field(min_length=1),
        AfterValidator(_output),
        Field(
            description="all: every strategy's label; mostvotes: the majority's, or all where there is none; "
            "or names of strategies"
        ),
    ] = (MOST_VOTES,)
    equalizehist: Annotated[
        bool | None,
        Field(description="equalize the histogram of each face first; not given: as the model was trained"),
    ] = None
    unknown: Annotated[
        bool, Field(description='whether a face beyond the unknown distance is labelled "unknown"')
    ] = True
    unknown_distance: Annotated[
        dict[str, Annotated[float, Field(gt=0)]],
        AfterValidator(_by_strategy),
        Field(
            default_factory=dict,
            description="strategy: distance beyond which a face is unknown, instead of the model's own",
        ),
    ]

    @model_validator(mode="after")
    def _fits_together(self) -> RecognizerParams:
        if self.unknown_distance and not self.unknown:
            raise ValueError('"unknown_distance" has no meaning with "unknown: false"; leave one of them out')
        asked = [word for word in self.outputlabel if word in STRATEGIES]
        if self.strategies and not set(asked) <= set(self.strategies):
            raise ValueError(
                f'"outputlabel" asks for {", ".join(asked)}, "strategies" are {", ".join(self.strategies)}'
            )
        return self

    def named_strategies(self) -> tuple[str, ...]:
        """The strategies that the pipeline file names, here or there; empty where it leaves the choice."""
        return self.strategies or tuple(word for word in self.outputlabel if word in STRATEGIES)


class Recognizer(Detector):
    """Labels each region with the name of the known face that is nearest."""

    Params: ClassVar[type[component.Params]] = RecognizerParams

    @classmethod
    def check(cls, params: RecognizerParams) -> Iterator[Problem]:
        """Whether the model directory is there with the galleries that the pipeline file names."""
        try:
            check_galleries(params.model, read_facemodel(params.model), params.named_strategies())
        except ModelError as error:
            yield Problem("model", str(error))

    @classmethod
    def model_files(cls, params: RecognizerParams) -> Sequence[Path]:
        """The model's record and its galleries."""
        directory = params.model
        galleries = [model_file_name(name) for name in available(directory, read_facemodel(directory))]
        return [Path(locate(directory, name)) for name in (MODEL_FILE, *galleries)]

    def load(self) -> None:
        """Read the galleries of the strategies whose answers count."""
        from recognizers import faceimage
        from recognizers.gallery import Gallery, taught_equalized

        self._faceimage, self._taught_equalized = faceimage, taught_equalized
        params: RecognizerParams = self.params
        self._model = read_facemodel(params.model)
        check_galleries(params.model, self._model, params.named_strategies())
        asked = [word for word in params.outputlabel if word in STRATEGIES]
        strategies = params.strategies or available(params.model, self._model)
        self._galleries = [
            Gallery.read(params.model, self._model, strategy)
            for strategy in strategies
            if not asked or strategy in asked
        ]
        self._equalize = self._equalizes()
        self._unknown_distances = _unknown_distances(self._model, params, strategies)

    def detect(self, frame: Frame, regions: Sequence[Box]) -> list[Detection]:
        """One detection for each region: the region with the names that the strategies give it."""
        detections = []
        for region in regions:
            # The taught faces reached beyond their detector's box; the probe has to as well.
            seen = self._faceimage.with_margin(region, self._model.margin).clipped(frame.size_wh)
            if not seen.is_empty:
                detections.append(Detection(region, self._names(frame.gray(seen))))
        return detections

    def _names(self, gray: GrayArray) -> tuple[Label, ...]:
        size_wh, fit = self._model.size_wh, self._model.fit
        face = self._faceimage.model_face(gray, size_wh, equalize=self._equalize, fit=fit)
        votes = [self._label(gallery.strategy, gallery.nearest(face)) for gallery in self._galleries]
        return elect(votes) if self.params.outputlabel == (MOST_VOTES,) else tuple(votes)

    def _label(self, strategy: str, nearest: Nearest) -> Label:
        limit = self._unknown_distances.get(strategy, math.inf)
        text = self._model.labels.get(nearest.number, UNKNOWN)
        if nearest.distance > limit:
            text = UNKNOWN
        distance = nearest.distance if math.isfinite(nearest.distance) else None
        return Label(text, method=strategy, distance=distance)

    def _equalizes(self) -> bool:
        """Whether faces are equalized: as the pipeline file says, else as the model was trained."""
        trained, wanted = self._taught_equalized(self._model, self._galleries), self.params.equalizehist
        if wanted is None:
            return trained
        if wanted != trained:
            _log.warning(
                '%s: "equalizehist: %s", but the model was trained %s equalizing, and will err more often; '
                "leave equalizehist out",
                self.name,
                str(wanted).lower(),
                "with" if trained else "without",
            )
        return bool(wanted)


def _unknown_distances(
    model: FaceModel, params: RecognizerParams, strategies: Sequence[str]
) -> Mapping[str, float]:
    """Strategy -> the distance beyond which a face is unknown, where there is one."""
    if not params.unknown:
        return {}
    known: dict[str, Any] = {strategy: model.unknown_distance(strategy) for strategy in strategies}
    known.update(params.unknown_distance)
    return {strategy: distance for strategy, distance in known.items() if distance is not None}
