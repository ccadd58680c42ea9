"""Recognizer: names the face in a region, with one or several strategies trained by facerec_train.py.

Strategies: Eigenfaces (Turk and Pentland, 1991), Fisherfaces (Belhumeur et al., 1997) and local binary
pattern histograms (Ahonen et al., 2006), as OpenCV's face module has them, and `embedding`, a network's
description of the face. Each names the known face that is nearest; a face farther than the model's unknown
distance is `unknown`.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, model_validator

from pipeline import component
from pipeline.component import ALL, Describer, Evidence, Problem, Words
from pipeline.detections import Box, Detection, Label, Picture, Region
from pipeline.errors import ModelError
from pipeline.frame import Frame, GrayArray, RgbArray
from pipeline.host.command import command
from pipeline.host.logs import NOTICE, ONCE_A_RUN
from pipeline.params import ModelPath
from pipeline.text import printable
from recognizers.model.facemodel import (
    MODEL_FILE,
    FaceModel,
    available,
    check_galleries,
    locate,
    read_facemodel,
)
from recognizers.model.strategies import EMBEDDING, STRATEGIES, UNKNOWN, model_file_name, strategy_named
from recognizers.model.voting import elect
from recognizers.networks.facenetwork import network_files

if TYPE_CHECKING:
    from recognizers.model.gallery import Nearest
    from recognizers.networks.base import DescriptorArray
    from recognizers.networks.probe import Probe

MOST_VOTES = "mostvotes"
_NO_MODEL_YET = (
    "%s: there is no face model %s yet, so faces get no names; the first step to one, after this run: "
    "%s unknown OUTPUT FACES"
)

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
    """The `params:` of a recognizer."""

    model: Annotated[ModelPath, Field(description="model directory that facerec_train.py train wrote")]
    optional: Annotated[
        bool, Field(description="true: while the model directory does not exist, no face gets a name")
    ] = False
    strategies: Annotated[
        Words,
        AfterValidator(_strategies),
        Field(
            description="which of eigen, fischer (or fisher), lbp and embedding run; default: all that "
            "the model has"
        ),
    ] = ()
    outputlabel: Annotated[
        Words,
        Field(min_length=1),
        AfterValidator(_output),
        Field(
            description="all: every strategy's label; mostvotes: the majority's, or all if there is none; "
            "or names of strategies"
        ),
    ] = (MOST_VOTES,)
    equalizehist: Annotated[
        bool | None,
        Field(description="equalize the histogram of each face first; default: as the model was trained"),
    ] = None
    unknown: Annotated[
        bool, Field(description='whether a face beyond the unknown distance is labelled "unknown"')
    ] = True
    unknown_distance: Annotated[
        dict[str, Annotated[float, Field(gt=0)]],
        AfterValidator(_by_strategy),
        Field(
            default_factory=dict,
            examples=[{"eigen": 1800}],
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

    def is_missing(self) -> bool:
        """Return whether the model does not exist yet and need not."""
        return self.optional and not os.path.lexists(self.model)

    def named_strategies(self) -> tuple[str, ...]:
        """Return the strategies that `strategies` or `outputlabel` name; empty if neither does."""
        return self.strategies or tuple(word for word in self.outputlabel if word in STRATEGIES)


class Recognizer(Describer):
    """Labels each region with the name of the nearest known face.

    If only `embedding` is used, a face's description is its descriptor.
    """

    Params: ClassVar[type[component.Params]] = RecognizerParams
    forkable = True

    @classmethod
    def example_params(cls, folder: Path) -> dict[str, dict[str, str]]:
        """Write a model of two artificial people, and return params that use it."""
        from recognizers.model.examplemodel import write_face_model

        write_face_model(folder / "faces")
        return {"": {"model": str(folder / "faces")}}

    @classmethod
    def check(cls, params: RecognizerParams) -> Iterator[Problem]:
        """Check that the model directory has the needed galleries, and that its network is installed."""
        if params.is_missing():
            return
        try:
            model = read_facemodel(params.model)
            check_galleries(params.model, model, params.named_strategies())
            _network_files(params, model)
        except ModelError as error:
            yield Problem("model", str(error))

    @classmethod
    def model_files(cls, params: RecognizerParams) -> Sequence[Path]:
        """Return the model's record, its galleries, and the files of its network if it is used."""
        if params.is_missing():
            return []
        directory = params.model
        model = read_facemodel(directory)
        galleries = [model_file_name(name) for name in available(directory, model)]
        own = [Path(locate(directory, name)) for name in (MODEL_FILE, *galleries)]
        return [*own, *_network_files(params, model)]

    @classmethod
    def evidence(cls, params: RecognizerParams, *, of_whole_frames: bool) -> Evidence:
        """What decides the descriptors, if nothing else of a face is compared: not the known faces."""
        if params.is_missing():
            return Evidence({"missing": True}, ())
        model = read_facemodel(params.model)
        if _counting(params, model) != (EMBEDDING,):
            return super().evidence(params, of_whole_frames=of_whole_frames)
        values = {"aligned": model.aligned, "margin": model.margin}
        return Evidence({"descriptors": values}, _network_files(params, model), is_description=True)

    @classmethod
    def labels(cls, params: RecognizerParams) -> frozenset[str] | None:
        """Return the names that the model knows, and `unknown`; None as long as there is no model."""
        if params.is_missing():
            return None
        return frozenset((*read_facemodel(params.model).labels.values(), UNKNOWN))

    def load(self) -> None:
        """Read the galleries of the strategies that are used, and load the network if needed."""
        self._is_missing = self.params.is_missing()
        if self._is_missing:
            model, trainer = printable(self.params.model), command("facerec-train")
            _log.log(NOTICE, _NO_MODEL_YET, self.name, model, trainer, extra=ONCE_A_RUN)
            return
        import numpy

        from recognizers.faces import faceimage
        from recognizers.faces.folderrecord import FolderRecord
        from recognizers.model.knownfaces import KnownFaces
        from recognizers.networks import alignment, probe

        self._alignment, self._faceimage, self._numpy = alignment, faceimage, numpy
        self._probe_in, self._probe_of_picture = probe.probe_in, probe.probe_of_picture
        params: RecognizerParams = self.params
        self._model = read_facemodel(params.model)
        check_galleries(params.model, self._model, params.named_strategies())
        strategies = _counting(params, self._model)
        self._known = KnownFaces(params.model, self._model, strategies)
        self.keeps_descriptions = self._known.asks_network_only
        self._equalize = self._equalizes()
        self._unknown_distances = _unknown_distances(self._model, params, strategies)
        self._record = FolderRecord(margin=self._model.margin, aligned=True)
        self._warned = False

    def detect(self, frame: Frame, regions: Sequence[Box]) -> list[Detection]:
        """Return one detection for each region, with the names that the strategies give it."""
        if self._is_missing:
            return []
        return [
            Detection(region, self._names(frame, region))
            for region in regions
            if not region.clipped(frame.size_wh).is_empty
        ]

    def describe(self, frame: Frame, regions: Sequence[Region]) -> list[bytes]:
        """Return the descriptor of the face in each region, (D,) float32 in the machine's byte order."""
        return [self._known.describe(self._probe(frame, region)).tobytes() for region in regions]

    def judge(
        self, picture: Picture, regions: Sequence[Region], descriptions: Sequence[bytes]
    ) -> list[Detection]:
        """Return one detection for each region, with the name of the known face nearest to its descriptor."""
        return [
            Detection(region, self._elected({EMBEDDING: self._known.nearest_to(self._array(description))}))
            for region, description in zip(regions, descriptions, strict=True)
        ]

    def _array(self, description: bytes) -> DescriptorArray:
        return self._numpy.frombuffer(description, dtype=self._numpy.float32)

    def _names(self, frame: Frame, region: Box) -> tuple[Label, ...]:
        """Name a face, which is prepared as the training faces were."""
        picture = self._aligned(frame, region) if self._model.aligned else None

        def gray() -> GrayArray:
            """Return the face for Eigenfaces, Fisherfaces and LBPH."""
            if picture is not None:
                return Frame.from_rgb(picture).gray()
            # The training faces had this margin.
            return frame.gray(self._faceimage.with_margin(region, self._model.margin).clipped(frame.size_wh))

        def probe() -> Probe:
            """Return the face for a network."""
            return self._probe_of(frame, region, picture)

        return self._elected(self._known.nearest(gray, probe, equalize=self._equalize))

    def _elected(self, nearest: Mapping[str, Nearest]) -> tuple[Label, ...]:
        """Return the labels of a face from the known face nearest to it by each strategy."""
        votes = [self._label(strategy, found) for strategy, found in nearest.items()]
        return elect(votes) if self.params.outputlabel == (MOST_VOTES,) else tuple(votes)

    def _probe(self, frame: Frame, region: Box) -> Probe:
        return self._probe_of(frame, region, self._aligned(frame, region) if self._model.aligned else None)

    def _probe_of(self, frame: Frame, region: Box, picture: RgbArray | None) -> Probe:
        """Return a face for a network: the aligned picture if there is one."""
        if picture is not None:
            return self._probe_of_picture(picture, self._record)
        return self._probe_in(frame, region, landmarks=self._known.finds_landmarks)

    def _aligned(self, frame: Frame, region: Box) -> RgbArray | None:
        """Cut the face out as `crop` does; None, with a warning, if it has no landmarks."""
        points = self._alignment.points_of(region.landmarks) if isinstance(region, Region) else None
        if points is None:
            self._warn_once()
            return None
        side_px, margin = self._alignment.ALIGNED_SIDE_PX, self._model.margin
        return self._alignment.aligned(frame.rgb(), points, side_px, margin)

    def _warn_once(self) -> None:
        """Log once that faces have no landmarks, unless no strategy needs them."""
        if not self._warned and (self._known.compares_pixels or not self._known.finds_landmarks):
            _log.warning(
                "%s: the model was trained with aligned faces, but faces have no landmarks here and will be "
                "named wrongly more often; put a facedetector before it",
                self.name,
                extra=ONCE_A_RUN,
            )
        self._warned = True

    def _label(self, strategy: str, nearest: Nearest) -> Label:
        limit = self._unknown_distances.get(strategy, math.inf)
        text = self._model.labels.get(nearest.number, UNKNOWN)
        if nearest.distance > limit:
            text = UNKNOWN
        distance = nearest.distance if math.isfinite(nearest.distance) else None
        return Label(text, method=strategy, distance=distance)

    def _equalizes(self) -> bool:
        """Return whether faces are equalized: as the pipeline file says, else as the model was trained."""
        trained, wanted = self._known.equalized, self.params.equalizehist
        if wanted is None or not self._known.compares_pixels:
            return trained
        if wanted != trained:
            _log.warning(
                '%s: "equalizehist: %s", but the model was trained %s equalizing, and will err more often; '
                "leave equalizehist out",
                self.name,
                str(wanted).lower(),
                "with" if trained else "without",
                extra=ONCE_A_RUN,
            )
        return bool(wanted)


def _counting(params: RecognizerParams, model: FaceModel) -> tuple[str, ...]:
    """Return the strategies that are used."""
    asked = [word for word in params.outputlabel if word in STRATEGIES]
    strategies = params.strategies or available(params.model, model)
    return tuple(strategy for strategy in strategies if not asked or strategy in asked)


def _network_files(params: RecognizerParams, model: FaceModel) -> tuple[Path, ...]:
    """Return the files of the network, if a strategy that is used has one.

    Raises: ModelError: a file, or the package that runs the network, is missing.
    """
    if EMBEDDING not in _counting(params, model) or model.network is None:
        return ()
    return network_files(model.network.name)


def _unknown_distances(
    model: FaceModel, params: RecognizerParams, strategies: Sequence[str]
) -> Mapping[str, float]:
    """Return strategy -> distance beyond which a face is unknown, for the strategies that have one."""
    if not params.unknown:
        return {}
    known: dict[str, Any] = {strategy: model.unknown_distance(strategy) for strategy in strategies}
    known.update(params.unknown_distance)
    return {strategy: distance for strategy, distance in known.items() if distance is not None}
