"""What a run works with: the validated pipeline, the locked output folder, its ledger, the selection."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.catalog import CATALOG, writer_types
from pipeline.config.config import read_config
from pipeline.config.values import PipelineConfig
from pipeline.config.warnings import iter_warnings
from pipeline.errors import MinerError, UsageError
from pipeline.files.lock import lock_output, lock_output_for_reading
from pipeline.files.outputs import check_writable
from pipeline.files.parts import sweep_tree
from pipeline.files.walk import iter_files
from pipeline.kept.store import Store
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.ledgerfile import LEDGER_NAME
from pipeline.ledger.record import Context, Record
from pipeline.runs.decisions import Decided, Decisions
from pipeline.runs.options import Options, check_places, context_of
from pipeline.runs.rebuild import iter_rebuilt
from pipeline.runs.reuse import WriterType, can_reuse_outputs, reads_files_beside
from pipeline.runs.selection import Selection
from pipeline.text import did_you_mean, printable

_log = logging.getLogger(__name__)

_OWN_PREFIX = ".deepvisualminer"
"""Of the names of the ledger, the lock and unfinished outputs."""


@dataclass(frozen=True)
class OpenRun:
    """A run that may begin.

    Args:
        options: what it is asked to do.
        config: the pipeline.
        output_root: OUTPUT, absolute.
        ledger: of OUTPUT, or a copy of it.
        store: of findings, of OUTPUT.
        context: what of this run decides the results of inputs.
        writers: the pipeline's writer types.
        selection: decides about each input.
    """

    options: Options
    config: PipelineConfig
    output_root: Path
    ledger: Ledger
    store: Store
    context: Context
    writers: Collection[WriterType]
    selection: Selection

    def iter_decisions(self) -> Iterator[Decided]:
        """Walk through INPUT as the options and the pipeline file ask, and decide about each file."""
        files = iter_files(
            self.options.input,
            output_root=self.output_root,
            follow_links=self.options.follow_links,
            with_proxies=self.config.proxies == "mine",
        )
        decisions = Decisions(self.selection, self.ledger, reads_sidecars=reads_files_beside(self.writers))
        return decisions.iter(files)


@contextmanager
def open_run(options: Options, *, read_only: bool = False) -> Iterator[OpenRun]:
    """Validate what a run is asked to do, lock OUTPUT and open its ledger.

    What a killed run left unfinished is removed at both ends, because its workers may still have been dying
    at the first.

    Args:
        options: of the run.
        read_only: write nothing into OUTPUT: the ledger is a copy.
    Raises: MinerError: the command line, the pipeline file or the machine does not allow the run.
    """
    config = read_config(options.pipeline, allow_plugins=options.allow_plugins)
    _check_names(options, config)
    output_root = check_places(options)
    with ExitStack() as stack:
        if read_only:
            stack.enter_context(lock_output_for_reading(output_root, wait_s=options.wait_lock_s))
            ledger_folder = stack.enter_context(copied_ledger(output_root))
        else:
            for warning in iter_warnings(config):
                _log.warning("%s: %s", printable(options.pipeline), warning)
            check_writable(output_root)
            if stack.enter_context(lock_output(output_root, wait_s=options.wait_lock_s)):
                sweep_tree(output_root)
                stack.callback(sweep_tree, output_root)
            ledger_folder = output_root
        ledger = stack.enter_context(Ledger(ledger_folder))
        store = stack.enter_context(Store(output_root, read_only=read_only))
        context = context_of(options, config)
        _rebuild_if_empty(ledger, store, output_root, context.limits, config.targets)
        writers = writer_types(config.targets)
        selection = Selection(
            ledger,
            output_root,
            context,
            force=options.force,
            ask_all=bool(options.force_components),
            retry_failed=options.retry_failed,
            reuse_outputs=can_reuse_outputs(writers),
            min_age_s=options.min_age_s,
        )
        yield OpenRun(options, config, output_root, ledger, store, context, writers, selection)


def _check_names(options: Options, config: PipelineConfig) -> None:
    """Check that the components to force exist.

    Raises: UsageError: one does not.
    """
    names = [component.name for component in config.components]
    for name in options.force_components:
        if name not in names:
            raise UsageError(
                f"--force-component {printable(name)}: {printable(options.pipeline)} has no such component"
                f"{did_you_mean(name, names)}"
            )


@contextmanager
def copied_ledger(output_root: Path) -> Iterator[Path]:
    """A folder with a copy of the ledger, which may need repair before it can be read."""
    copy = None
    try:
        copy = Path(tempfile.mkdtemp(prefix="deepvisualminer-"))
        for path in output_root.glob(f"{LEDGER_NAME}*"):
            shutil.copyfile(path, copy / path.name)
    except OSError as error:
        raise MinerError(
            f"{printable(output_root)}: no temporary copy of the ledger can be made ({error.strerror}); "
            "let TMPDIR name a folder with room"
        ) from None
    else:
        yield copy
    finally:
        if copy is not None:
            shutil.rmtree(copy, ignore_errors=True)


def _rebuild_if_empty(
    ledger: Ledger, store: Store, output_root: Path, limits: str, targets: Iterable[str]
) -> None:
    """Fill an empty ledger, which is new or was lost, from the outputs that exist.

    Writers of the catalogue are asked about outputs as well as those of the pipeline, whose components
    `targets` name: earlier runs may have used other pipelines. A report does not say by which pipeline it was
    last found right; the store does.
    """
    if not ledger.is_empty or not _has_outputs(output_root):
        return
    writers = writer_types((*targets, *CATALOG.values()))
    rebuilt = (_as_stored(record, store) for record in iter_rebuilt(output_root, limits, writers))
    if count := ledger.record_many(rebuilt):
        _log.warning(
            "%s: the ledger was lost; rebuilt from the outputs of %s input%s",
            *(printable(ledger.path), f"{count:,}", "" if count == 1 else "s"),
        )


def _as_stored(record: Record, store: Store) -> Record:
    """A rebuilt record with the pipeline by which the store says that its outputs were found right.

    A run that was killed may have replaced outputs since; then the record stays as it is.
    """
    stored = store.find(record.relative) if store.is_settled else None
    if stored is None or stored.sha256 != record.sha256:
        return record
    return replace(record, context=record.context._replace(pipeline=stored.fingerprint))


def _has_outputs(output_root: Path) -> bool:
    try:
        with os.scandir(output_root) as entries:
            return any(not entry.name.startswith(_OWN_PREFIX) for entry in entries)
    except FileNotFoundError:
        return False
