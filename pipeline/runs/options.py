"""The options of a run, and what follows from them before it begins."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline import __version__
from pipeline.config.values import PipelineConfig
from pipeline.errors import UsageError
from pipeline.ledger.ledgerfile import LEDGER_NAME
from pipeline.ledger.record import Context
from pipeline.source import Limits
from pipeline.text import printable


@dataclass(frozen=True)
class Options:
    """What a run is asked to do; one field for each option of the command line.

    Args:
        input: a photo or a folder.
        output: the folder that mirrors INPUT's folders.
        pipeline: the pipeline file.
        workers: most worker processes; None: one for each usable core; 0: mine in this process.
        timeout_s: how long one photo may take.
        max_megapixels: larger photos are refused before they are decoded.
        follow_links: whether links to folders are followed.
        allow_plugins: whether a pipeline file may name code from outside.
        force: mine everything, whatever the ledger says.
        force_components: names of components whose findings and outputs of earlier runs are not used.
        retry_failed: try failed inputs again.
        prune: remove the outputs of inputs that no longer exist.
        prune_even_most: also if more than half of the inputs no longer exist.
        min_age_s: leave files alone that were changed less than this long ago.
        nice: the workers' niceness; None: `pipeline.miner.NICE`, or unchanged without workers.
        wait_lock_s: how long to wait for another run on the same output.
        cluster: the machines to mine on, as `--cluster` names them; None: this one.
        certificates: the folder of the cluster's certificates; None: the default one.
    """

    input: str
    output: str
    pipeline: str
    workers: int | None = None
    timeout_s: float = 120.0
    max_megapixels: float = 210.0
    follow_links: bool = False
    allow_plugins: bool = False
    force: bool = False
    force_components: tuple[str, ...] = ()
    retry_failed: bool = False
    prune: bool = False
    prune_even_most: bool = False
    min_age_s: float = 0.0
    nice: int | None = None
    wait_lock_s: float = 0.0
    cluster: str | None = None
    certificates: str | None = None

    @property
    def without(self) -> tuple[str, ...]:
        """Names of components whose findings and outputs are not used where those of others are.

        There are none with `force`, which uses nothing of earlier runs.
        """
        return () if self.force else self.force_components


def check_places(options: Options) -> Path:
    """Check that INPUT exists and that OUTPUT is another place; returns OUTPUT's absolute path.

    Raises: UsageError: one of the two is not so.
    """
    if not os.path.lexists(options.input):
        raise UsageError(f'"{printable(options.input)}": there is no such INPUT file or folder')
    if not options.output:
        raise UsageError('"": OUTPUT is no folder\'s name; name one, or . for this one')
    output_root = Path(options.output).absolute()
    both_folders = os.path.isdir(options.input) and os.path.isdir(output_root)
    if both_folders and os.path.samefile(options.input, output_root):
        raise UsageError(
            f"{printable(output_root)}: OUTPUT is INPUT itself; choose another folder, "
            "so that annotated copies are not mined and nothing of yours is replaced"
        )
    if both_folders and _has_ledger(Path(options.input)) and _has_only_other_files(output_root):
        raise UsageError(
            f"{printable(options.input)}: INPUT is the OUTPUT of an earlier run, and OUTPUT is a folder with "
            "other files; give the photos first, then OUTPUT, then the pipeline file"
        )
    return output_root


def _has_ledger(folder: Path) -> bool:
    """Return whether a run has used this folder as OUTPUT."""
    return os.path.lexists(folder / LEDGER_NAME)


def _has_only_other_files(folder: Path) -> bool:
    """Return whether a folder holds files, and no run has used it as OUTPUT."""
    try:
        return not _has_ledger(folder) and any(folder.iterdir())
    except OSError:  # opening OUTPUT names the reason
        return False


def limits_of(options: Options) -> Limits:
    """The limits for one source."""
    return Limits(max_pixels=round(options.max_megapixels * 1e6))


def context_of(options: Options, config: PipelineConfig) -> Context:
    """What of this run decides the result of an input."""
    path = os.path.abspath(options.input)
    root = path if os.path.isdir(path) else os.path.dirname(path)
    limits = f"{options.max_megapixels:g} megapixels, {options.timeout_s:g} seconds, version {__version__}"
    return Context(root, config.fingerprint, limits)
