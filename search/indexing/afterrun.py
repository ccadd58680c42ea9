"""Update the index at the end of a run of visualminer. A failure is only a warning.

During the run this collects a set of folders; the modules that read and write the index are imported at the
end.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from pipeline.errors import LockedError, MinerError
from pipeline.host.logs import NOTICE
from pipeline.outcome import Outcome, Summary
from pipeline.text import one_line, printable
from search.indexing.ledgermark import ledger_mark

_NOTICED_S = 2.0
"""An update that takes longer is announced."""

_log = logging.getLogger(__name__)


class IndexAfterRun:
    """Collects the folders in which a run changes something, and updates the index after the run.

    Args:
        input_path: INPUT, as the command line names it.
        output: OUTPUT, as the command line names it.
        alone: whether no other run can have been at work in OUTPUT since this object was made.
    """

    def __init__(self, input_path: str, output: str, *, alone: bool) -> None:
        path = os.path.abspath(input_path)
        self._input_root = path if os.path.isdir(path) else os.path.dirname(path)
        self._output_root = Path(output).absolute()
        self._mark = ledger_mark(self._output_root) if alone else None
        self._folders: set[str] = set()
        self._noticed = False

    def note(self, outcome: Outcome) -> None:
        """Remember the folder of a changed input."""
        if outcome.outputs:
            self._folders.add(os.path.dirname(outcome.path))

    def finish(self, summary: Summary) -> None:
        """Update the index, unless the run was interrupted; the next run then does."""
        if summary.interrupted_by is not None:
            return
        try:
            self._update(everywhere=summary.pruned > 0 or summary.renamed > 0)
        except LockedError as error:
            _log.info("%s", error)  # the next run sees that the index is not complete
        except KeyboardInterrupt:
            _log.warning("the search index is not complete; the next run completes it")
        except (MinerError, OSError) as error:
            _log.warning("the search index was not updated: %s", error)
        except Exception as error:  # whatever it is, the photos are mined
            _log.warning("the search index was not updated: %s", one_line(error), exc_info=True)

    def _update(self, *, everywhere: bool) -> None:
        if not everywhere and not self._folders and self._mark is not None:
            from search.place import index_path
            from search.sqlite.mark import move_mark

            if move_mark(index_path(self._output_root), self._mark, ledger_mark(self._output_root)):
                return
        from search.indexing.indexing import update_after_run

        relative = (os.path.relpath(folder, self._input_root) for folder in self._folders)
        folders = None if everywhere else [b"" if one == "." else os.fsencode(one) for one in relative]
        update_after_run(self._output_root, self._mark, folders, self._on_progress)

    def _on_progress(self, seconds: float) -> None:
        if seconds > _NOTICED_S and not self._noticed:
            self._noticed = True
            _log.log(
                NOTICE,
                "%s: updating the search index (--no-index leaves it out)",
                printable(self._output_root),
            )
