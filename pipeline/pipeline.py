"""The pipeline at work: build the components, route what one finds to the next, run one source through.

Routing is done here and nowhere else: a detector gets regions and cannot see its neighbours, a writer
gets finished results.
"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from pipeline.component import Component, Detector, Writer, WriterSession
from pipeline.config import FILES, ComponentConfig, PipelineConfig, load_class
from pipeline.detections import Box, Detection, FrameResult
from pipeline.errors import FailureCode, MinerError, SourceError
from pipeline.frame import Frame
from pipeline.media import open_frames
from pipeline.source import Limits, MediaFacts, Source

_log = logging.getLogger(__name__)

C = TypeVar("C")
Found = dict[str, tuple[Detection, ...]]


@dataclass(frozen=True, slots=True)
class _Step(Generic[C]):
    """A built component with what it listens to."""

    component: C
    inputs: tuple[str, ...]
    triggerlabels: frozenset[str]


class Pipeline:
    """A pipeline ready to mine sources, one after the other; nothing is carried from one to the next.

    Args:
        config: a validated pipeline.
        output_root: the folder that outputs go to.
        limits: what a source may cost.
    """

    def __init__(self, config: PipelineConfig, output_root: Path, limits: Limits) -> None:
        self._output_root = output_root
        self._limits = limits
        self._detectors: list[_Step[Detector]] = []
        self._writers: list[_Step[Writer]] = []
        of_type: Counter[str] = Counter()
        for component in config.components:
            cls = load_class(component.target)
            if issubclass(cls, Writer):
                tag = f"-{component.name}" if of_type[component.type] else ""
                of_type[component.type] += 1
                writer = cls(component.name, component.params, tag=tag, fingerprint=config.fingerprint)
                self._writers.append(_step(writer, component))
            elif issubclass(cls, Detector):
                self._detectors.append(_step(cls(component.name, component.params), component))

    def load(self) -> None:
        """Load every component's models.

        Raises: MinerError: one cannot be used; says which component.
        """
        components: list[Component] = [step.component for step in self._detectors]
        components += [step.component for step in self._writers]
        for component in components:
            try:
                component.load()
            except MinerError as error:
                raise type(error)(f'component "{component.name}": {error}') from None
            except Exception as error:
                _log.debug("traceback of a component that failed to load", exc_info=True)
                name = component.name
                raise MinerError(
                    f'component "{name}": cannot be loaded ({type(error).__name__}: {error})'
                ) from None

    def mine(self, source: Source) -> int:
        """Run one source through all components and write its outputs.

        Returns: how many frames were mined.
        Raises:
            SourceError: this source cannot be mined; its outputs are as they were.
            MinerError: no source can be, such as a full disk.
        """
        try:
            media = open_frames(source, self._limits)
            with contextlib.ExitStack() as stack:
                sessions = [
                    (step, stack.enter_context(session)) for step, session in self._open(source, media.facts)
                ]
                count = 0
                for frame in media.frames:
                    self._write(sessions, frame, self._detect(frame))
                    count += 1
            return count
        except MemoryError:
            raise SourceError(FailureCode.OUT_OF_MEMORY, "needed more memory than there is") from None

    def detect(self, frame: Frame) -> FrameResult:
        """What every detector finds in one frame, in the order of the pipeline file."""
        return FrameResult(frame.index, frame.timestamp, self._detect(frame))

    def _detect(self, frame: Frame) -> Found:
        found: Found = {}
        for step in self._detectors:
            regions = _regions(frame, found, step)
            with _blamed_on(step.component.name):
                detections = step.component.detect(frame, regions) if regions else ()
            found[step.component.name] = tuple(_inside(frame, detections))
        return found

    def _open(self, source: Source, facts: MediaFacts) -> Iterator[tuple[_Step[Writer], Any]]:
        for step in self._writers:
            session = step.component.open(source, facts, self._output_root)
            if session is not None:
                yield step, session

    def _write(
        self, sessions: Sequence[tuple[_Step[Writer], WriterSession]], frame: Frame, found: Found
    ) -> None:
        for step, session in sessions:
            own = {
                name: tuple(_triggering(detections, step.triggerlabels))
                for name, detections in found.items()
                if name in step.inputs
            }
            with _blamed_on(step.component.name):
                session.write(frame, FrameResult(frame.index, frame.timestamp, own))


def _step(component: C, config: ComponentConfig) -> _Step[C]:
    return _Step(component, config.inputs, frozenset(config.params.triggerlabels))


def _triggering(detections: Sequence[Detection], triggerlabels: frozenset[str]) -> Iterator[Detection]:
    """The detections that carry one of the labels; all of them where no label is asked for."""
    return (found for found in detections if not triggerlabels or found.carries(triggerlabels))


def _regions(frame: Frame, found: Found, step: _Step[Detector]) -> list[Box]:
    """Where a detector looks: the whole frame, or earlier detections; no box twice, none empty."""
    regions: dict[Box, None] = {}
    for name in step.inputs:
        if name == FILES:
            regions[frame.whole] = None
        else:
            regions.update((parent.box, None) for parent in _triggering(found[name], step.triggerlabels))
    return list(regions)


def _inside(frame: Frame, detections: Sequence[Detection]) -> Iterator[Detection]:
    """Detections cut to the frame; those of which nothing is left are dropped."""
    for detection in detections:
        box = detection.box.clipped(frame.size_wh)
        if not box.is_empty:
            yield detection if box == detection.box else replace(detection, box=box)


@contextlib.contextmanager
def _blamed_on(name: str) -> Iterator[None]:
    """An exception that no component should raise, as a failure of this source that names the component."""
    try:
        yield
    except (SourceError, MinerError, MemoryError):
        raise
    except Exception as error:
        if "Insufficient memory" in str(error):  # how OpenCV says it
            raise MemoryError from None
        _log.debug("traceback of a component that failed", exc_info=True)
        reason = " ".join(str(error).split())
        raise SourceError(
            FailureCode.COMPONENT_FAILED, f'component "{name}" raised {type(error).__name__}: {reason}'
        ) from error
