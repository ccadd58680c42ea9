"""Findings from the reports of photos, where the store does not have them: it is new, or was lost.

Only photos are read whose outputs are of this run's pipeline. What a report shows is rounded, so that it is
taken for equal thresholds alone; descriptors of faces are in no report.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.catalog import load_class
from pipeline.component import Describer, Writer
from pipeline.config.values import PipelineConfig
from pipeline.detecting import Found, Scene, Step, regions_of
from pipeline.detections import Detection
from pipeline.files.outputs import output_path, output_suffix
from pipeline.kept.codec import encode
from pipeline.kept.findings import Findings, FrameFindings, digest_of_regions, keys_in
from pipeline.kept.store import Store
from pipeline.kept.values import InputState, Kept
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.record import Record
from pipeline.outcome import Status
from pipeline.pipeline import Pipeline
from pipeline.source import Limits


class Refill:
    """Fills the store from the reports of inputs that are left as they are.

    Args:
        config: the pipeline.
        output_root: the folder of the outputs.
        ledger: the results so far.
        store: the findings so far.
    """

    def __init__(self, config: PipelineConfig, output_root: Path, ledger: Ledger, store: Store) -> None:
        self._ledger, self._store, self._output_root = ledger, store, output_root
        self._config = config
        self.is_needed = len(store) < ledger.count_mined() and self._states_everything()
        self.count = 0

    def _states_everything(self) -> bool:
        """Whether a writer of the pipeline states all that was found in its inputs."""
        return any(
            load_class(one.target).read_findings.__func__ is not Writer.read_findings.__func__  # type: ignore[attr-defined]
            and not one.params.triggerlabels
            for one in self._config.components
            if issubclass(load_class(one.target), Writer)
        )

    def consider(self, relative: str) -> None:
        """Keep what the reports of an input say, unless something is known of it.

        Raises: OutputError: the store cannot be written.
        """
        if not self.is_needed or self._store.has(relative):
            return
        record = self._ledger.look_up(relative)
        if record is None or record.status is not Status.MINED or record.sha256 is None:
            return
        self._store.keep(relative, record.sha256, record.context.pipeline, self._read(record))
        self.count += 1

    def _read(self, record: Record) -> Kept:
        """What the outputs of an input state.

        Returns: no findings if they state nothing, so that they are not read every night.
        """
        size_wh, stated = (1, 1), dict[str, tuple[Detection, ...]]()
        folder = output_path(self._output_root, record.relative, "").parent
        for name in record.outputs:
            for step in self._writers_of(name, record):
                findings = step.component.read_findings(folder / name)
                if findings is not None and findings.sha256 == record.sha256:
                    size_wh, stated = findings.size_wh, stated | dict(findings.found)
        frame = self._findings(size_wh, stated, record.format or "")
        state = InputState(size_wh).to_bytes()
        return Kept(keys_in(frame), state, (encode([frame]) if frame.of else b"",))

    def _writers_of(self, output: str, record: Record) -> Iterator[Step[Writer]]:
        """The writers that may have made an output, one of each type, of those that write all they are given.

        What another one of the type wrote, which has trigger labels, lacks detections. Its tag tells it.
        """
        suffix = output_suffix(output, os.path.basename(record.relative)) or ""
        own: dict[type[Writer], Step[Writer]] = {}
        for step in self._unloaded.writers:
            cls, tag = type(step.component), step.component.tag
            if suffix.startswith(tag) and (cls not in own or len(tag) > len(own[cls].component.tag)):
                own[cls] = step
        return (step for step in own.values() if not step.triggerlabels)

    @functools.cached_property
    def _unloaded(self) -> Pipeline:
        """The pipeline, built and not loaded."""
        return Pipeline(self._config, self._output_root, Limits())

    def _findings(
        self, size_wh: tuple[int, int], stated: Mapping[str, tuple[Detection, ...]], format_: str
    ) -> FrameFindings:
        scene, found, kept = Scene.whole(size_wh, None), Found(), dict[bytes, Findings]()
        for step in self._unloaded.detectors_for(format_):
            inputs = [name for name in step.inputs if name != "files"]
            if step.name not in stated or any(name not in found for name in inputs):
                continue
            found[step.name] = stated[step.name]
            if not (isinstance(step.component, Describer) and step.key.is_asked):
                regions = digest_of_regions(regions_of(scene, found, step))
                own = stated[step.name]
                kept[step.key.digest] = Findings(step.key.level, regions, own, is_rounded=True)
        return FrameFindings(kept)
