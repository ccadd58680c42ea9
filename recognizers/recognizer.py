"""Recognizer: names the face in a region, with one or several strategies trained by facerec_train.py.

Strategies: Eigenfaces (Turk and Pentland, 1991), Fisherfaces (Belhumeur et al., 1997) and local binary
pattern histograms (Ahonen et al., 2006), as OpenCV's face module has them, and `embedding`, a network's
description of the face. Each names the known face that is nearest; a face farther than the model's unknown
distance is `unknown`.
"""

from __future__ import annotations

import logging
import math
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline import component
from pipeline.component import Describer, Evidence, Problem
from pipeline.detections import Box, Detection, Label, Picture, Region
from pipeline.errors import ModelError
from pipeline.frame import Frame, RgbArray
from pipeline.host.command import command
from pipeline.host.logs import NOTICE, ONCE_A_RUN
from pipeline.text import printable
from recognizers.corrections.applying import corrected_detections
from recognizers.corrections.lookup import Corrections
from recognizers.corrections.store import log_beside
from recognizers.model.facemodel import (
    MODEL_FILE,
    FaceModel,
    available,
    check_galleries,
    locate,
    read_facemodel,
)
from recognizers.model.strategies import EMBEDDING, STRATEGIES, UNKNOWN, model_file_name
from recognizers.model.voting import elect
from recognizers.networks.base import DEFAULT_MARGIN
from recognizers.networks.facenetwork import load_network, network_ahead, network_files
from recognizers.recognizerparams import MOST_VOTES, RecognizerParams

if TYPE_CHECKING:
    from recognizers.model.gallery import Nearest
    from recognizers.networks.base import DescriptorArray
    from recognizers.networks.probe import Probe

TARGET = "recognizers.recognizer:Recognizer"
_NEAREST = struct.Struct("<qd")
_NO_MODEL_YET = (
    "%s: there is no face model %s yet, so faces get no names; the first step to one, after this run: "
    "%s unknown OUTPUT FACES"
)

_log = logging.getLogger(__name__)


class Recognizer(Describer):
    """Labels each region with the name of the nearest known face.

    A face's description is its descriptor if only `embedding` is used, else the nearest by each strategy.
    Without a model (`optional`) faces are described all the same, so that the first model names the faces of
    a collection without reading it again.
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
        """Check the model directory, its corrections, and that the network is installed."""
        try:
            Corrections.beside(params.model)
            if params.is_missing():
                return
            model = read_facemodel(params.model)
            check_galleries(params.model, model, params.named_strategies())
            _network_files(params, model)
        except ModelError as error:
            yield Problem("model", str(error))

    @classmethod
    def model_files(cls, params: RecognizerParams) -> Sequence[Path]:
        """Return the model's files, its corrections, and the files of its network if it is used."""
        if params.is_missing():
            return log_beside(params.model)
        model = read_facemodel(params.model)
        return [*_own_files(params, model), *log_beside(params.model), *_network_files(params, model)]

    @classmethod
    def evidence(cls, params: RecognizerParams, *, of_whole_frames: bool) -> Evidence:
        """What decides the descriptions: not the corrections, and of descriptors not the known faces."""
        if params.is_missing():
            return _evidence_ahead(params)
        model = read_facemodel(params.model)
        files, strategies = _network_files(params, model), _counting(params, model)
        if strategies == (EMBEDDING,):
            return evidence_of(model.aligned, model.margin, files)
        nearest = {"strategies": strategies, "equalizehist": params.equalizehist}
        return Evidence({"nearest": nearest}, (*_own_files(params, model), *files), is_description=True)

    @classmethod
    def labels(cls, params: RecognizerParams) -> frozenset[str] | None:
        """Return the names that the model knows, and `unknown`; None as long as there is no model."""
        if params.is_missing():
            return None
        corrected = (verdict.name for verdict in Corrections.beside(params.model).verdicts if verdict.name)
        return frozenset((*read_facemodel(params.model).labels.values(), *corrected, UNKNOWN))

    def load(self) -> None:
        """Read the galleries of the strategies that are used, and load the network if needed."""
        self._is_missing = self.params.is_missing()
        self._corrections = Corrections.beside(self.params.model)
        if self._is_missing:
            model, trainer = printable(self.params.model), command("facerec-train")
            _log.log(NOTICE, _NO_MODEL_YET, self.name, model, trainer, extra=ONCE_A_RUN)
            self._load_ahead()
            return
        import numpy

        from recognizers.model.gallery import Nearest
        from recognizers.model.knownfaces import KnownFaces
        from recognizers.networks.facereader import FaceReader

        self._numpy, self._nearest_type = numpy, Nearest
        params: RecognizerParams = self.params
        self._model = read_facemodel(params.model)
        check_galleries(params.model, self._model, params.named_strategies())
        strategies = _counting(params, self._model)
        self._known = KnownFaces(params.model, self._model, strategies)
        self.keeps_descriptions = True
        self._equalize = self._equalizes()
        self._unknown_distances = _unknown_distances(self._model, params, strategies)
        self._reader = FaceReader(aligned=self._model.aligned, margin=self._model.margin)
        self._warned = False

    def _load_ahead(self) -> None:
        """Get ready to describe faces for the model that will be trained, if a network is here."""
        from recognizers.networks.facereader import FaceReader

        record = network_ahead()
        if record is not None:
            self._network = load_network(record)
            self._reader = FaceReader(aligned=True, margin=DEFAULT_MARGIN)
            self.keeps_descriptions = True

    def wants_content(self, size_bytes: int) -> bool:
        """Return whether there may be corrections of a file of this size."""
        return self._corrections.may_hold(size_bytes)

    def detect(self, frame: Frame, regions: Sequence[Box]) -> list[Detection]:
        """Return one detection for each region, with the names that the strategies or people give it.

        Without a model these are the faces that people have named.
        """
        named = (
            Detection(region, () if self._is_missing else self._elected(self._nearest(frame, region)))
            for region in regions
            if not region.clipped(frame.size_wh).is_empty
        )
        return [one for one in self._corrected(frame.picture, named) if one.labels]

    def describe(self, frame: Frame, regions: Sequence[Region]) -> list[bytes]:
        """Return the descriptor of the face in each region, (D,) float32 in the machine's byte order.

        With other strategies: number and distance of the nearest known face by each, int64 and float64.
        """
        if self._is_missing or self._known.asks_network_only:
            return [self._descriptor(frame, region).tobytes() for region in regions]
        return [
            b"".join(_NEAREST.pack(*found) for found in self._nearest(frame, region).values())
            for region in regions
        ]

    def _descriptor(self, frame: Frame, region: Region) -> DescriptorArray:
        picture = self._picture(frame, region)
        if self._is_missing:
            own = self._network.aligns_itself
            return self._network.describe(self._reader.probe(frame, region, picture, finds_landmarks=own))
        return self._known.describe(self._probe(frame, region, picture))

    def judge(
        self, picture: Picture, regions: Sequence[Region], descriptions: Sequence[bytes]
    ) -> list[Detection]:
        """Return one detection for each region, named after the known faces nearest to it."""
        named = (
            Detection(region, () if self._is_missing else self._elected(self._nearest_of(description)))
            for region, description in zip(regions, descriptions, strict=True)
        )
        return [one for one in self._corrected(picture, named) if one.labels]

    def _nearest_of(self, description: bytes) -> dict[str, Nearest]:
        if self._known.asks_network_only:
            descriptor = self._numpy.frombuffer(description, dtype=self._numpy.float32)
            return {EMBEDDING: self._known.nearest_to(descriptor)}
        found = (self._nearest_type(*pair) for pair in _NEAREST.iter_unpack(description))
        return dict(zip(self._known.strategies, found, strict=True))

    def _corrected(self, picture: Picture, detections: Iterable[Detection]) -> list[Detection]:
        return corrected_detections(self._corrections, picture.sha256, picture.frame_index, detections)

    def _nearest(self, frame: Frame, region: Box) -> dict[str, Nearest]:
        """Return the known face nearest to a face, which is prepared as the training faces were."""
        picture = self._picture(frame, region)
        return self._known.nearest(
            lambda: self._reader.gray(frame, region, picture),
            lambda: self._probe(frame, region, picture),
            equalize=self._equalize,
        )

    def _elected(self, nearest: Mapping[str, Nearest]) -> tuple[Label, ...]:
        """Return the labels of a face from the known face nearest to it by each strategy."""
        votes = [self._label(strategy, found) for strategy, found in nearest.items()]
        return elect(votes) if self.params.outputlabel == (MOST_VOTES,) else tuple(votes)

    def _picture(self, frame: Frame, region: Box) -> RgbArray | None:
        """Cut a face out, aligned if the model's faces are; warn if it cannot be aligned."""
        picture = self._reader.picture(frame, region)
        if picture is None and self._reader.aligned and not self._is_missing:
            self._warn_once()
        return picture

    def _probe(self, frame: Frame, region: Box, picture: RgbArray | None) -> Probe:
        """Return a face for the model's network."""
        return self._reader.probe(frame, region, picture, finds_landmarks=self._known.finds_landmarks)

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


def evidence_of(aligned: bool, margin: float, files: Sequence[Path]) -> Evidence:
    """What decides the descriptors of faces."""
    return Evidence({"descriptors": {"aligned": aligned, "margin": margin}}, files, is_description=True)


def _evidence_ahead(params: RecognizerParams) -> Evidence:
    """What decides what is kept of faces before there is a model."""
    record = network_ahead()
    if record is None:
        return Evidence({"missing": True}, log_beside(params.model))
    return evidence_of(True, DEFAULT_MARGIN, network_files(record.name))


def _counting(params: RecognizerParams, model: FaceModel) -> tuple[str, ...]:
    """Return the strategies that are used."""
    asked = [word for word in params.outputlabel if word in STRATEGIES]
    strategies = params.strategies or available(params.model, model)
    return tuple(strategy for strategy in strategies if not asked or strategy in asked)


def _own_files(params: RecognizerParams, model: FaceModel) -> list[Path]:
    """Return the model's record and its galleries."""
    galleries = [model_file_name(name) for name in available(params.model, model)]
    return [Path(locate(params.model, name)) for name in (MODEL_FILE, *galleries)]


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
