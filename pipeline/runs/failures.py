"""Lists the inputs of an output folder that have failed so far, with what to do for each failure code."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import FAILURE_ADVICE, FAILURE_MEANINGS, FailureCode, UsageError
from pipeline.files.lock import lock_output_for_reading
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.ledgerfile import LEDGER_NAME
from pipeline.ledger.record import Record
from pipeline.outcome import Status
from pipeline.runs.opening import copied_ledger
from pipeline.runs.prune import Presence, presence_of
from pipeline.text import counted, printable


def iter_failure_lines(output: str) -> Iterator[str]:
    """Yield what to print about the inputs that have failed and still exist, by their failure codes.

    Args:
        output: OUTPUT, which is only read.
    Raises:
        UsageError: no run has used that folder.
        LockedError: a run is using it.
    """
    root = Path(output).absolute()
    if not (root / LEDGER_NAME).is_file():
        raise UsageError(
            f"{printable(output)}: no run has used this folder as OUTPUT; name one that a run has"
        )
    with lock_output_for_reading(root), copied_ledger(root) as folder, Ledger(folder) as ledger:
        by_code: dict[FailureCode, list[Record]] = {}
        for record in ledger.iter_records():
            if record.status is Status.FAILED and record.code and presence_of(record) is not Presence.GONE:
                by_code.setdefault(FailureCode(record.code), []).append(record)
    for code in sorted(by_code, key=lambda code: -len(by_code[code])):
        yield f"{code} ({counted(len(by_code[code]), 'file')}): {FAILURE_MEANINGS[code]}"
        yield f"  what to do: {FAILURE_ADVICE[code]}"
        for record in by_code[code]:
            path = os.path.join(record.context.root, record.relative)
            yield f"    {printable(path)}: {printable(record.sentence)}"
    total = sum(map(len, by_code.values()))
    if total:
        yield f"{counted(total, 'file')} failed; a file that changes is tried again, --retry-failed tries all"
    else:
        yield f"{printable(output)}: nothing has failed"
