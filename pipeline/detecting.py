"""Runs the detectors of a pipeline on a frame, and takes from earlier runs what they found there already.

Routing is done only here: a detector gets regions and does not see other components. What was found in the
frame by an earlier run is taken if the detector's key and the regions are the same, so that the result is as
if every detector had run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import index
from typing import Generic, NamedTuple, TypeVar

from pipeline.attribution import attribute_errors_to, describe
from pipeline.component import Component, Describer, Detector, Writer
from pipeline.config.values import FILES, ComponentConfig, ComponentKey
from pipeline.detections import Box, Detection, FrameResult, Picture, Region
from pipeline.frame import Frame
from pipeline.kept.findings import (
    ANY_LEVEL,
    NOTHING_KNOWN,
    Findings,
    FrameFindings,
    digest,
    digest_of_region,
    digest_of_regions,
    digest_of_shown,
)
from pipeline.text import name_key

C = TypeVar("C", bound=Component)
Found = dict[str, tuple[Detection, ...]]


@dataclass(frozen=True, slots=True)
class Step(Generic[C]):
    """A built component, where it stands in the pipeline, and its key."""

    component: C
    inputs: tuple[str, ...]
    triggerlabels: frozenset[str]
    key: ComponentKey

    @classmethod
    def of(cls, component: C, config: ComponentConfig, key: ComponentKey) -> Step[C]:
        """The step of a component with this configuration."""
        return cls(component, config.inputs, frozenset(map(name_key, config.params.triggerlabels)), key)

    @property
    def name(self) -> str:
        """The component's name."""
        return self.component.name

    def share_of(self, result: FrameResult) -> FrameResult:
        """The part of a frame's detections that this component's inputs and trigger labels select."""
        own = {
            name: tuple(_triggering(detections, self.triggerlabels))
            for name, detections in result.found.items()
            if name in self.inputs
        }
        return FrameResult(result.frame_index, result.timestamp, own)


def digest_for_writer(step: Step[Writer], result: FrameResult) -> bytes:
    """A digest of what of a frame decides a writer's outputs."""
    return digest_of_shown(step.share_of(result), with_distances=step.component.shows_distances)


class Scene(NamedTuple):
    """A frame as far as it is known without its pixels.

    Args:
        size_wh: full width and height, pixels.
        frame_index: 0-based; 0 for a photo.
        timestamp: seconds from the start of the video; None for a photo.
        seen: the part of it that is there.
        sha256: of the file's bytes, hexadecimal; None if it is not known.
    """

    size_wh: tuple[int, int]
    frame_index: int
    timestamp: float | None
    seen: Box
    sha256: str | None = None

    @classmethod
    def whole(
        cls,
        size_wh: tuple[int, int],
        sha256: str | None,
        frame_index: int = 0,
        timestamp: float | None = None,
    ) -> Scene:
        """A scene of which nothing is missing."""
        return cls(size_wh, frame_index, timestamp, Box(0, 0, *size_wh), sha256)

    @classmethod
    def of(cls, frame: Frame) -> Scene:
        """The scene of a frame."""
        return cls(frame.size_wh, frame.index, frame.timestamp, frame.seen, frame.sha256)

    @property
    def picture(self) -> Picture:
        """Which picture it is."""
        return Picture(self.sha256, self.frame_index)


@dataclass(frozen=True, slots=True)
class Detected:
    """What is found in one frame.

    Args:
        result: of each component, without those in `missing`.
        findings: the same, to be kept.
        ran: names of the components that looked at pixels.
        reused: names of the components that did not, because what they find was known.
        missing: names of the components whose findings take pixels, and there were none.
    """

    result: FrameResult
    findings: FrameFindings
    ran: set[str] = field(default_factory=set)
    reused: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)


def detect(
    steps: Sequence[Step[Detector]],
    scene: Scene,
    frame: Frame | None,
    known: FrameFindings = NOTHING_KNOWN,
) -> Detected:
    """Run detectors on one frame, in their order.

    Args:
        steps: of the detectors.
        scene: the frame without its pixels.
        frame: the frame; None: only what is known is taken.
        known: what earlier runs found in it.
    """
    found: Found = {}
    result = FrameResult(scene.frame_index, scene.timestamp, found)
    detected = Detected(result, FrameFindings({}, scene.frame_index))
    for step in steps:
        if not detected.missing.isdisjoint(step.inputs):
            detected.missing.add(step.name)
            continue
        regions = regions_of(scene, found, step)
        with attribute_errors_to(describe(step.component)):
            own = known.of.get(step.key.digest)
            looked = _Look(step, scene.picture, regions, own).findings(frame)
            if looked is None:
                detected.missing.add(step.name)
                continue
            found[step.name] = tuple(_inside(scene.size_wh, looked.detections))
        if looked.took_pixels:
            detected.ran.add(step.name)
        elif regions:
            detected.reused.add(step.name)
        detected.findings.of[step.key.digest] = looked.kept  # type: ignore[index]
    return detected


class _Looked(NamedTuple):
    """What a detector found in the regions of one frame, and what is kept of it."""

    detections: Sequence[Detection]
    kept: Findings
    took_pixels: bool


@dataclass(frozen=True, slots=True)
class _Look:
    """One detector's look at the regions of one frame."""

    step: Step[Detector]
    picture: Picture
    regions: Sequence[Region]
    known: Findings | None

    def findings(self, frame: Frame | None) -> _Looked | None:
        """What it finds, from what is known as far as possible; None if it needs pixels and gets none."""
        detector = self.step.component
        if isinstance(detector, Describer) and detector.keeps_descriptions:
            return self._judged(detector, frame)
        regions = digest_of_regions(self.regions)
        level = self.step.key.level
        known = self.known
        if known is not None and known.described is None and known.regions == regions:
            is_selection = known.level < level and not known.is_rounded
            if known.level == level or is_selection:
                return _Looked(detector.reconsider(known.detections, known.level), known, False)
        if not self.regions:
            return _Looked((), Findings(level, regions), False)
        if frame is None:
            return None
        detections = tuple(_inside(frame.size_wh, detector.detect(frame, self.regions)))
        return _Looked(detections, Findings(level, regions, detections), True)

    def _judged(self, describer: Describer, frame: Frame | None) -> _Looked | None:
        regions = {digest_of_region(region): region for region in self.regions}
        described = dict(self.known.described or {}) if self.known is not None else {}
        lacking = {name: region for name, region in regions.items() if name not in described}
        if lacking:
            if frame is None:
                return None
            descriptions = describer.describe(frame, list(lacking.values()))
            described |= zip(lacking, descriptions, strict=True)
        own = {name: described[name] for name in regions}
        detections = describer.judge(self.picture, self.regions, list(own.values()))
        kept = Findings(ANY_LEVEL, digest(*regions), described=own)
        return _Looked(detections, kept, bool(lacking))


def _triggering(detections: Sequence[Detection], triggerlabels: frozenset[str]) -> Iterator[Detection]:
    """The detections that carry one of the labels; all of them if there are no trigger labels."""
    return (found for found in detections if not triggerlabels or found.carries(triggerlabels))


def regions_of(scene: Scene, found: Found, step: Step[Detector]) -> list[Region]:
    """The regions for a detector: what is present of the frame, or earlier detections, without duplicates.

    Of several detections with the same box, the first with landmarks supplies them.
    """
    whole = (Detection(scene.seen, ()),)
    regions: dict[Box, Region] = {}
    for name in step.inputs:
        for parent in whole if name == FILES else _triggering(found[name], step.triggerlabels):
            if parent.box not in regions or regions[parent.box].landmarks is None:
                regions[parent.box] = parent.region
    return list(regions.values())


def _inside(size_wh: tuple[int, int], detections: Iterable[Detection]) -> Iterator[Detection]:
    """Clip detections to the frame and convert coordinates to Python integers; drop empty ones."""
    width, height = size_wh
    for detection in detections:
        x1, y1, x2, y2 = detection.box.xyxy
        are_plain = type(detection.box) is Box and type(x1) is type(y1) is type(x2) is type(y2) is int
        if are_plain and 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height:
            yield detection  # as nearly all are; making a new one takes 5 us
            continue
        whole = Box(index(x1), index(y1), index(x2), index(y2)).clipped(size_wh)
        if not whole.is_empty:
            yield replace(detection, box=whole)
