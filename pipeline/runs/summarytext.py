"""What a run and a dry run say at their end, and the lines of a dry run."""

from __future__ import annotations

from collections import Counter

from pipeline.outcome import Summary
from pipeline.runs.plan import Planned
from pipeline.runs.selection import Reason
from pipeline.text import counted, printable

_MOST_FOLDERS = 5
"""So many missing disks are named."""
MOST_MACHINES = 20
"""Number of machines of a cluster that the text lists."""


def summary_text(summary: Summary, output: str) -> str:
    """The text at the end of a run whose failures were logged: disks that are missing, then the final line.

    Args:
        summary: of the run.
        output: the output folder, as the command line names it.
    """
    return "\n".join(
        [
            *_missing_lines(summary),
            *_reused_lines(summary),
            *_machine_lines(summary),
            final_line(summary, output),
        ]
    )


def _reused_lines(summary: Summary) -> list[str]:
    known = ", ".join(
        f"{name} in {counted(count, 'input')}" for name, count in sorted(summary.reused.items())
    )
    return [f"known from earlier runs: {known}"] if known else []


def quiet_text(summary: Summary, output: str, *, where_more: str) -> str:
    """The text at the end of a run with `--quiet`: each failure with its reason, then as `summary_text`.

    Args:
        summary: of the run.
        output: the output folder, as the command line names it.
        where_more: where to find the failures that the summary does not keep.
    Returns: if nothing failed, which disks are missing and what was removed; usually an empty text.
    """
    if summary.failed:
        return "\n".join([*failure_lines(summary, where_more), summary_text(summary, output)])
    removed = f"removed the outputs of {counted(summary.pruned, 'input')} that no longer exist"
    return "\n".join(
        [*_missing_lines(summary), *([f"{removed}; {printable(output)}"] if summary.pruned else [])]
    )


def failure_lines(summary: Summary, where_more: str) -> list[str]:
    """A line for each input that failed, as in `quiet_text`."""
    lines = [
        f"  {printable(failure.path)}: {failure.code}: {printable(failure.sentence)}"
        for failure in summary.failures
    ]
    if summary.failed > len(summary.failures):
        lines.append(f"  and {summary.failed - len(summary.failures):,} more, {where_more}")
    return lines


def _missing_lines(summary: Summary) -> list[str]:
    return [
        f"{printable(folder)}: {counted(count, 'input')} missing, and the disk seems not to be mounted; "
        "the outputs were kept"
        for folder, count in summary.missing.most_common(_MOST_FOLDERS)
    ]


def _machine_lines(summary: Summary) -> list[str]:
    """One line for each machine of a cluster, those that mined most first."""
    machines = sorted(summary.machines.items(), key=lambda one: (-one[1].frames, one[0]))
    lines = [
        f"  {printable(name)}: mined {counted(counts.mined, 'file')}"
        + (f", {counts.failed:,} failed" if counts.failed else "")
        for name, counts in machines[:MOST_MACHINES]
    ]
    if len(machines) > MOST_MACHINES:
        lines.append(
            f"  and {len(machines) - MOST_MACHINES:,} more machines, which --summary FILE would list"
        )
    return lines


def final_line(summary: Summary, output: str) -> str:
    """The result of a run in one line, which also reads well in a mail."""
    elapsed = summary.elapsed_s
    mined = [counted(summary.photos, "photo")] if summary.photos or not summary.videos else []
    mined += [counted(summary.videos, "video")] if summary.videos else []
    failed = f", {summary.failed:,} failed (see above)" if summary.failed else ""
    beside = _rates(summary)
    for count, words in (
        (summary.partial, "partial (cut off or damaged)"),
        (summary.unchanged, "unchanged"),
        (summary.renamed, "known under another name"),
        (summary.left_alone, "left alone that failed before"),
        (summary.ignored, "ignored"),
        (summary.pruned, "gone and their outputs removed"),
    ):
        beside += [f"{count:,} {words}"] if count else []
    parts = [f"mined {' and '.join(mined)} in {_duration(elapsed)}{failed}"]
    parts += [", ".join(beside)] if beside else []
    parts += ["interrupted, another run goes on from here"] if summary.interrupted_by is not None else []
    parts += [f"results are in {printable(output)}"] if summary.mined or summary.renamed else []
    return "; ".join(parts)


def _rates(summary: Summary) -> list[str]:
    """How fast photos were mined, and the frames of videos, each in its part of the run's time."""
    if not summary.mined or summary.elapsed_s <= 0:
        return []
    busy = summary.video_s / summary.mining_s if summary.mining_s else float(not summary.photos)
    rate = f"{summary.mined / summary.elapsed_s:.1f}"
    rates = [f"{rate} a second"] if summary.photos and not (summary.videos and rate == "0.0") else []
    if summary.video_frames and busy:
        words = "frames a second in videos" if rates else "frames a second"
        rates.append(f"{summary.video_frames / (summary.elapsed_s * busy):.1f} {words}")
    return rates


def planned_text(planned: Planned) -> str:
    """One line of a dry run."""
    path = printable(planned.path)
    if planned.reason is None:
        return f"would remove the outputs of what is gone: {path}"
    verb = "mine" if planned.reason.is_mined else "rename the outputs of"
    return f"would {verb} ({planned.reason}): {path}"


def plan_text(planned: Counter[Reason | None]) -> str:
    """The last line of a dry run."""
    mined = {reason: count for reason, count in planned.items() if reason is not None and reason.is_mined}
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(mined.items()))
    parts = [f"would mine {counted(sum(mined.values()), 'file')}" + (f" ({reasons})" if reasons else "")]
    if renamed := planned[Reason.RENAMED]:
        parts.append(f"would rename the outputs of {renamed:,}")
    if gone := planned[None]:
        parts.append(f"would remove the outputs of {gone:,} that are gone")
    return "; ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
