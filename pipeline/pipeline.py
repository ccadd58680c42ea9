"""A pipeline: its components, built and loaded, with what they have in common.

`pipeline.detecting` routes detections from one to the next; `pipeline.photomining` and `pipeline.videomining`
mine.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.attribution import is_out_of_memory
from pipeline.catalog import load_class
from pipeline.component import Component, Detector, Writer
from pipeline.config.keys import key_for_format
from pipeline.config.values import FILES, ComponentKey, PipelineConfig
from pipeline.detecting import Detected, Scene, Step, detect
from pipeline.detections import FrameResult
from pipeline.earlier import Earlier
from pipeline.errors import MinerError
from pipeline.files.outputs import output_path
from pipeline.frame import Frame
from pipeline.kept.findings import NOTHING_KNOWN, FrameFindings
from pipeline.kept.values import Kept
from pipeline.source import Limits, Source, SourceKind
from pipeline.text import one_line

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mined:
    """The result of one source.

    Args:
        frames: how many were mined.
        sha256: of its content, or None if it was not computed.
        flaw: why some of it is missing, as a sentence; empty if nothing is.
        kind: what it was mined as, if not what the walk took it for.
        is_unchanged: nothing was read or written: its outputs show what is found.
        kept: what is to be kept of it; None: nothing.
        outputs: names of outputs of earlier runs that show what is found.
        ran: names of the components that looked at pixels.
        reused: names of the components whose findings were known.
    """

    frames: int
    sha256: str | None
    flaw: str = ""
    kind: SourceKind | None = None
    is_unchanged: bool = False
    kept: Kept | None = None
    outputs: tuple[str, ...] = ()
    ran: frozenset[str] = frozenset()
    reused: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps of a pipeline, with their keys for one format of inputs."""

    detectors: tuple[Step[Detector], ...]
    writers: tuple[Step[Writer], ...]


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
        self.salvages = config.on_truncated == "salvage"
        self._detectors: list[Step[Detector]] = []
        self.writers: list[Step[Writer]] = []
        keys = config.keys or (ComponentKey(b""),) * len(config.components)
        for component, key in zip(config.components, keys, strict=True):
            cls = load_class(component.target)
            if issubclass(cls, Writer):
                writer = cls(component.name, component.params, tag=key.tag, fingerprint=key.networks)
                self.writers.append(Step.of(writer, component, key))
            elif issubclass(cls, Detector):
                self._detectors.append(Step.of(cls(component.name, component.params), component, key))
        # Sessions that are opened first are finished last.
        self.writers.sort(key=lambda step: not step.component.finished_last)
        self._steps_of = functools.cache(self._keyed_for)

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

    def output_folder(self, source: Source) -> Path:
        """The folder of all outputs of a source."""
        return output_path(self.output_root, source.relative, "").parent

    def writers_for(self, format_: str) -> Sequence[Step[Writer]]:
        """The writers, those that finish last first, with their keys for an input of this format."""
        return self._steps_of(format_).writers

    def detectors_for(self, format_: str) -> Sequence[Step[Detector]]:
        """The detectors, in their order, with their keys for an input of this format."""
        return self._steps_of(format_).detectors

    def earlier(self, source: Source) -> Earlier:
        """What an earlier run knew of an input."""
        steps, known = self._steps_of(source.format), source.known
        without = known.without if known is not None else ()
        all_steps: tuple[Step[Any], ...] = (*steps.detectors, *steps.writers)
        keys = [step.key.digest for step in all_steps if step.name in without]
        return Earlier(known, keys)

    def detect(self, frame: Frame) -> FrameResult:
        """Run every detector on one frame, in the order of the pipeline file."""
        return self.find(Scene.of(frame), frame).result

    def find(
        self, scene: Scene, frame: Frame | None, known: FrameFindings = NOTHING_KNOWN, format_: str = ""
    ) -> Detected:
        """Find what is in one frame, from what is known of it as far as possible.

        Args:
            scene, frame, known: as for `pipeline.detecting.detect`.
            format_: of the input, a word of `pipeline.formats.FORMATS`.
        """
        return detect(self._steps_of(format_).detectors, scene, frame, known)

    def wants_content(self, source: Source) -> bool:
        """Whether a detector's findings may depend on the content's hash, see `Detector.wants_content`."""
        return any(step.component.wants_content(source.size_bytes) for step in self._detectors)

    def needed_wh(self, full_wh: tuple[int, int]) -> tuple[int, int]:
        """The least frame size, pixels, that suffices for all components; see `Component.needed_wh`."""
        needed = [step.component.needed_wh(full_wh) for step in self.writers]
        for step in self._detectors:
            whole_frames = step.inputs == (FILES,)
            needed.append(step.component.needed_wh(full_wh) if whole_frames else full_wh)
        widths, heights = zip(*needed, strict=True)
        return min(max(widths), full_wh[0]), min(max(heights), full_wh[1])

    def _keyed_for(self, format_: str) -> _Steps:
        def keyed(step: Step[Any]) -> Step[Any]:
            return replace(step, key=step.key._replace(digest=key_for_format(step.key.digest, format_)))

        return _Steps(tuple(map(keyed, self._detectors)), tuple(map(keyed, self.writers)))
