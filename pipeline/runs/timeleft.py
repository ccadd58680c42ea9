"""The column of a bar with the time left; imported only for a bar, as rich is."""

from __future__ import annotations

from rich.progress import Task, TimeRemainingColumn
from rich.text import Text


class TimeLeft(TimeRemainingColumn):
    """The time left in words; empty where it is not known (`is_known` of the bar)."""

    def render(self, task: Task) -> Text:
        """Return what the column shows for one bar."""
        left = super().render(task)
        return Text() if not task.fields["is_known"] or "-" in left.plain else left.append(" left")
