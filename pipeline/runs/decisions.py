"""Decides about the inputs of a run in the order of the walk; also about those with a changed sidecar."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from pipeline.files.walk import Skipped, WalkedFile, identify_file
from pipeline.ledger.ledger import Ledger
from pipeline.outcome import Status
from pipeline.runs.selection import Decision, Reason, Selection
from pipeline.source import Source, Stamp

_ENDING = ".xmp"


class Decided(NamedTuple):
    """What the walk found, and what is to be done with it."""

    found: WalkedFile | Skipped
    decision: Decision


class Decisions:
    """Makes the decisions of one run.

    A sidecar is a file like any other to the walk: it is ignored, and the ledger knows its stamp. Where that
    differs, the inputs of the sidecar are mined again, so that what writers take from it is up to date. The
    sidecar's own decision comes after theirs: if a run is killed in between, the next one sees the change.

    Outputs of a renamed input show what the sidecar said under the old name. Whether it has changed since is
    unknown, so the next run decides about it.

    Args:
        selection: decides about each input.
        ledger: the results so far.
        reads_sidecars: whether a writer of the pipeline reads files beside an input.
    """

    def __init__(self, selection: Selection, ledger: Ledger, *, reads_sidecars: bool) -> None:
        self._selection, self._ledger = selection, ledger
        self._reads_sidecars = reads_sidecars
        self._sidecars: list[Decided] = []
        self._taken: set[str] = set()
        """Inputs of the current folder that are mined, or get the outputs of another name."""
        self._of_renamed: set[str] = set()
        """What the names of sidecars of renamed inputs begin with, in the current folder."""

    def iter(self, files: Iterable[WalkedFile | Skipped]) -> Iterator[Decided]:
        """Yield the decisions about the files of a walk.

        Raises: OutputError: the ledger cannot be read or written.
        """
        folder = ""
        for found in files:
            own = found.relative.rpartition("/")[0]
            if own != folder:
                yield from self._end_of_folder()
                folder = own
            decision = self._selection.decide(found)
            if decision.reason.is_mined or decision.reason is Reason.RENAMED:
                if self._reads_sidecars:
                    self._taken.add(found.relative)
                    if decision.reason is Reason.RENAMED:
                        self._of_renamed.update((found.relative, os.path.splitext(found.relative)[0]))
            elif self._is_changed_sidecar(decision):
                self._sidecars.append(Decided(found, decision))
                continue
            yield Decided(found, decision)
        yield from self._end_of_folder()

    def _is_changed_sidecar(self, decision: Decision) -> bool:
        """Whether this is a sidecar that is new or has changed.

        The selection looks into ignored files again after an update of the program, also if they have not
        changed, so the stamps decide.
        """
        found, earlier = decision.found, decision.earlier
        return (
            self._reads_sidecars
            and decision.reason is Reason.IGNORED
            and isinstance(found, Skipped)
            and found.stamp is not None
            and found.relative.lower().endswith(_ENDING)
            and (earlier is None or earlier.stamp != found.stamp.in_64_bits())
        )

    def _end_of_folder(self) -> Iterator[Decided]:
        sidecars, self._sidecars = self._sidecars, []
        for sidecar in sidecars:
            yield from self._of_inputs(sidecar.found)
            if os.path.splitext(sidecar.found.relative)[0] in self._of_renamed:
                sidecar = _left_to_the_next_run(sidecar)
            yield sidecar
        self._taken.clear()
        self._of_renamed.clear()

    def _of_inputs(self, sidecar: WalkedFile | Skipped) -> Iterator[Decided]:
        """Decide about the inputs of a sidecar that would be left as they are without its change."""
        folder = os.path.dirname(sidecar.path)
        for record in self._ledger.iter_of_sidecar(sidecar.relative):
            path = os.path.join(folder, os.path.basename(record.relative))
            if record.status is not Status.MINED or record.relative in self._taken:
                continue
            try:
                found = WalkedFile(path, record.relative, Stamp.of(os.stat(path)))
            except OSError:
                continue
            source = identify_file(found)
            if isinstance(source, Source) and self._selection.decide(found).reason is Reason.DONE:
                self._taken.add(record.relative)
                yield Decided(found, Decision(Reason.SIDECAR, source, record))


def _left_to_the_next_run(sidecar: Decided) -> Decided:
    """The same without a stamp, so that the ledger does not record it."""
    found = sidecar.decision.found
    assert isinstance(found, Skipped)
    return sidecar._replace(decision=sidecar.decision._replace(found=replace(found, stamp=None)))
