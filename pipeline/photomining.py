"""Mines a photo: reads it, runs the detectors, writes its outputs; each only as far as it is needed.

What an earlier run found in the same content is taken. A photo whose findings are all known, and whose
outputs show them, is not opened.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from pipeline.attribution import READING, attribute_errors_to, attributed_session, describe, source_errors
from pipeline.component import Writer
from pipeline.detecting import Detected, Scene, Step, digest_for_writer
from pipeline.earlier import NOTHING, Earlier, digest_for, outputs_of, shown_of
from pipeline.errors import FailureCode, SourceError
from pipeline.files.outputs import noting_outputs
from pipeline.frame import Frame
from pipeline.kept.codec import encode
from pipeline.kept.findings import keys_in
from pipeline.kept.values import InputState, Kept
from pipeline.pipeline import Mined, Pipeline
from pipeline.source import MediaFacts, Source


def mine_photo(pipeline: Pipeline, source: Source) -> Mined:
    """Bring the outputs of one photo up to date, the reports last.

    Raises:
        SourceError: this photo cannot be mined; each of its outputs is complete or as it was.
        MinerError: no source can be mined, as on a full disk.
    """
    photo = _Photo(pipeline, source)
    earlier = pipeline.earlier(source)
    if earlier.state is not None and earlier.state.plan:  # it was mined as an animation
        earlier = NOTHING
    try:
        return photo.unchanged(earlier) or photo.mine(earlier, salvage=False)
    except SourceError as error:
        if error.code is not FailureCode.TRUNCATED or not pipeline.salvages:
            raise
        return replace(photo.mine(NOTHING, salvage=True), flaw=error.sentence)


Written = dict[str, list[Path]]
"""Paths of the outputs of this run, by the names of the writers that wrote."""


class _Photo:
    """One photo and the pipeline that mines it."""

    def __init__(self, pipeline: Pipeline, source: Source) -> None:
        self._pipeline, self._source = pipeline, source
        self._writers = pipeline.writers_for(source.format)

    def unchanged(self, earlier: Earlier) -> Mined | None:
        """The result if nothing has to be read or written; else None."""
        if not earlier.is_same_file or earlier.state is None:
            return None
        with source_errors():
            scene = Scene.whole(earlier.state.size_wh, earlier.sha256)
            detected = self._pipeline.find(scene, None, earlier.frame(0), self._source.format)
        shown = self._shown(detected)
        if detected.missing or self._stale(earlier, shown):
            return None
        kept = self._kept(earlier, detected, shown, earlier.state.size_wh, {})
        return Mined(
            1,
            None,
            is_unchanged=True,
            kept=kept,
            outputs=self._names(earlier, {}),
            reused=frozenset(detected.reused),
        )

    def mine(self, earlier: Earlier, *, salvage: bool) -> Mined:
        """Read the photo and write what has to be written."""
        written: Written = {}
        with source_errors(), contextlib.ExitStack() as stack:
            facts, frame = self._open(salvage=salvage)
            if not earlier.is_about(facts.sha256):
                earlier = NOTHING
            format_ = self._source.format
            detected = self._pipeline.find(Scene.of(frame), frame, earlier.frame(0), format_)
            shown = self._shown(detected)
            sessions = []
            for step in self._stale(earlier, shown):
                noted = written.setdefault(step.name, [])
                with attribute_errors_to(describe(step.component)):
                    session = step.component.open(self._source, facts, self._pipeline.output_root)
                if session is not None:
                    sessions.append(
                        (step, stack.enter_context(attributed_session(step.component, session, noted)))
                    )
            for step, opened in sessions:
                with attribute_errors_to(describe(step.component)), noting_outputs(written[step.name]):
                    opened.write(frame, step.share_of(detected.result))
        kept = None if facts.is_partial else self._kept(earlier, detected, shown, facts.size_wh, written)
        return Mined(
            1,
            facts.sha256,
            kept=kept,
            outputs=self._names(earlier, written),
            ran=frozenset(detected.ran),
            reused=frozenset(detected.reused),
        )

    def _open(self, *, salvage: bool) -> tuple[MediaFacts, Frame]:
        with attribute_errors_to(READING):
            from pipeline.photos.photo import open_photo  # imports numpy, which the parent does without

            return open_photo(self._source, self._pipeline.limits, salvage=salvage)

    def _shown(self, detected: Detected) -> dict[str, bytes]:
        """Digests of what the writers are given, by their names."""
        return {step.name: digest_for_writer(step, detected.result) for step in self._writers}

    def _stale(self, earlier: Earlier, shown: dict[str, bytes]) -> list[Step[Writer]]:
        """The writers whose outputs are missing or show something else."""
        root = self._pipeline.output_root
        return [
            step
            for step in self._writers
            if not earlier.is_current(step, self._source, shown[step.name], root)
        ]

    def _names(self, earlier: Earlier, written: Written) -> tuple[str, ...]:
        """Names of the outputs that stay as they are."""
        current = earlier.kept_by(step for step in self._writers if step.name not in written)
        root = self._pipeline.output_root
        return tuple(
            path.name for shown in current.values() for path in outputs_of(shown, self._source, root)
        )

    def _kept(
        self,
        earlier: Earlier,
        detected: Detected,
        digests: dict[str, bytes],
        size_wh: tuple[int, int],
        written: Written,
    ) -> Kept:
        """What is to be kept of the photo."""
        shown = earlier.kept_by(step for step in self._writers if step.name not in written)
        for step in self._writers:
            if step.name in written:
                # As the files beside the photo are now: a writer may have written one of them.
                given = digest_for(step, self._source, digests[step.name])
                new = shown_of(self._source, given, written[step.name])
                shown |= {} if new is None else {step.key.digest: new}
        findings = detected.findings
        chunks = None if earlier.frame(0) == findings else (encode([findings]),)
        return Kept(keys_in(findings), InputState(size_wh, 1, b"", shown).to_bytes(), chunks)
