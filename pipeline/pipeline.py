"""Runs the components of a pipeline: builds them, routes detections from one to the next, mines one photo.

Routing is done only here: a detector gets regions and does not see other components, a writer gets finished
results.
"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from operator import index
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from pipeline.attribution import (
    READING,
    attribute_errors_to,
    attributed_session,
    describe,
    is_out_of_memory,
    source_errors,
)
from pipeline.catalog import load_class
from pipeline.component import Component, Detector, Writer, WriterSession
from pipeline.config.values import FILES, ComponentConfig, PipelineConfig
from pipeline.detections import Box, Detection, FrameResult, Region
from pipeline.errors import FailureCode, MinerError, SourceError
from pipeline.files.outputs import output_path
from pipeline.frame import Frame
from pipeline.source import Limits, MediaFacts, Source, SourceKind
from pipeline.text import name_key, one_line

_log = logging.getLogger(__name__)

C = TypeVar("C")
S = TypeVar("S")
Found = dict[str, tuple[Detection, ...]]


@dataclass(frozen=True, slots=True)
class Step(Generic[C]):
    """A built component, the names of its inputs and its trigger labels."""

    component: C
    inputs: tuple[str, ...]
    triggerlabels: frozenset[str]

    def share_of(self, result: FrameResult) -> FrameResult:
        """The part of a frame's detections that this component's inputs and trigger labels select."""
        own = {
            name: tuple(_triggering(detections, self.triggerlabels))
            for name, detections in result.found.items()
            if name in self.inputs
        }
        return FrameResult(result.frame_index, result.timestamp, own)


class Mined(NamedTuple):
    """The result of one source.

    Args:
        frames: how many were mined.
        sha256: of its content, or None if it was not computed.
        flaw: why some of it is missing, as a sentence; empty if nothing is.
        kind: what it was mined as, if not what the walk took it for.
    """

    frames: int
    sha256: str | None
    flaw: str = ""
    kind: SourceKind | None = None


class Pipeline:
    """A pipeline that mines sources one after the other and keeps no state between them.

    Args:
        config: a validated pipeline.
        output_root: the folder that outputs go to.
        limits: what a source may cost.
    """

    def __init__(self, config: PipelineConfig, output_root: Path, limits: Limits) -> None:
        self.output_root = output_root
        self.limits = limits
        self.sampling = config.sampling
        self._salvages = config.on_truncated == "salvage"
        self._detectors: list[Step[Detector]] = []
        self.writers: list[Step[Writer]] = []
        of_class: Counter[str] = Counter()
        for component in config.components:
            cls = load_class(component.target)
            if issubclass(cls, Writer):
                tag = f"-{component.name}" if of_class[component.target] else ""
                of_class[component.target] += 1
                writer = cls(component.name, component.params, tag=tag, fingerprint=config.fingerprint)
                self.writers.append(_step(writer, component))
            elif issubclass(cls, Detector):
                self._detectors.append(_step(cls(component.name, component.params), component))
        # Sessions that are opened first are finished last.
        self.writers.sort(key=lambda step: not step.component.finished_last)

    @property
    def _components(self) -> list[Component]:
        found: list[Component] = [step.component for step in self._detectors]
        return found + [step.component for step in self.writers]

    def load(self) -> None:
        """Load every component's models.

        Raises: MinerError: a model cannot be used; the message names the component.
        """
        for component in self._components:
            try:
                component.load()
            except MinerError as error:
                error.args = (f'component "{component.name}": {error}',)
                raise
            except (Exception, SystemExit) as error:
                _log.debug("traceback of a component that failed to load", exc_info=True)
                reason = f"cannot be loaded ({one_line(error)})"
                if is_out_of_memory(error):
                    reason = "there is not enough memory to load it; use fewer --workers or a smaller model"
                raise MinerError(f'component "{component.name}": {reason}') from None

    @property
    def forkable(self) -> bool:
        """Whether this process may be forked now that the pipeline is loaded."""
        return all(component.forkable for component in self._components)

    def mine(self, source: Source) -> Mined:
        """Run one photo through all components and write its outputs, the reports last.

        Raises:
            SourceError: this photo cannot be mined; each of its outputs is complete or as it was.
            MinerError: no source can be mined, as on a full disk.
        """
        try:
            return self._mine(source, salvage=False)
        except SourceError as error:
            if error.code is not FailureCode.TRUNCATED or not self._salvages:
                raise
            return self._mine(source, salvage=True)._replace(flaw=error.sentence)

    def _mine(self, source: Source, *, salvage: bool) -> Mined:
        with source_errors(), contextlib.ExitStack() as stack:
            with attribute_errors_to(READING):
                from pipeline.photos.photo import open_photo  # imports numpy, which the parent does without

                facts, frame = open_photo(source, self.limits, salvage=salvage)
            sessions = [(step, stack.enter_context(session)) for step, session in self._open(source, facts)]
            result = self.detect(frame)
            for step, session in sessions:
                with attribute_errors_to(describe(step.component)):
                    session.write(frame, step.share_of(result))
        return Mined(1, facts.sha256)

    def output_folder(self, source: Source) -> Path:
        """The folder of all outputs of a source."""
        return output_path(self.output_root, source.relative, "").parent

    def detect(self, frame: Frame) -> FrameResult:
        """Run every detector on one frame, in the order of the pipeline file."""
        return FrameResult(frame.index, frame.timestamp, self._detect(frame))

    def needed_wh(self, full_wh: tuple[int, int]) -> tuple[int, int]:
        """The least frame size, pixels, that suffices for all components; see `Component.needed_wh`."""
        needed = [step.component.needed_wh(full_wh) for step in self.writers]
        for step in self._detectors:
            whole_frames = step.inputs == (FILES,)
            needed.append(step.component.needed_wh(full_wh) if whole_frames else full_wh)
        widths, heights = zip(*needed, strict=True)
        return min(max(widths), full_wh[0]), min(max(heights), full_wh[1])

    def _detect(self, frame: Frame) -> Found:
        found: Found = {}
        for step in self._detectors:
            regions = _regions(frame, found, step)
            with attribute_errors_to(describe(step.component)):
                detections = step.component.detect(frame, regions) if regions else ()
                found[step.component.name] = tuple(_inside(frame, detections))
        return found

    def _open(
        self, source: Source, facts: MediaFacts
    ) -> Iterator[tuple[Step[Writer], AbstractContextManager[WriterSession]]]:
        for step in self.writers:
            with attribute_errors_to(describe(step.component)):
                session = step.component.open(source, facts, self.output_root)
            if session is not None:
                yield step, attributed_session(step.component, session)


def _step(component: C, config: ComponentConfig) -> Step[C]:
    return Step(component, config.inputs, frozenset(map(name_key, config.params.triggerlabels)))


def _triggering(detections: Sequence[Detection], triggerlabels: frozenset[str]) -> Iterator[Detection]:
    """The detections that carry one of the labels; all of them if there are no trigger labels."""
    return (found for found in detections if not triggerlabels or found.carries(triggerlabels))


def _regions(frame: Frame, found: Found, step: Step[Detector]) -> list[Region]:
    """The regions for a detector: what is present of the frame, or earlier detections, without duplicates.

    Of several detections with the same box, the first with landmarks supplies them.
    """
    whole = (Detection(frame.seen, ()),)
    regions: dict[Box, Region] = {}
    for name in step.inputs:
        for parent in whole if name == FILES else _triggering(found[name], step.triggerlabels):
            if parent.box not in regions or regions[parent.box].landmarks is None:
                regions[parent.box] = parent.region
    return list(regions.values())


def _inside(frame: Frame, detections: Iterable[Detection]) -> Iterator[Detection]:
    """Clip detections to the frame and convert coordinates to Python integers; drop empty ones."""
    for detection in detections:
        box = detection.box
        whole = Box(index(box.x1), index(box.y1), index(box.x2), index(box.y2)).clipped(frame.size_wh)
        if not whole.is_empty:
            yield replace(detection, box=whole)
