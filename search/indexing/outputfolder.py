"""The reports in one folder of an OUTPUT, and whether they have changed."""

from __future__ import annotations

import os
import stat
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

_REPORT = b".json"
_COPY = b"-annotated."
_MASK = (1 << 63) - 1
_MIX = 0x9E3779B97F4A7C15


@dataclass(slots=True)
class OutputFolder:
    """The content of one folder of an OUTPUT.

    Args:
        path: of the folder, absolute.
        relative: below OUTPUT, which is also where its inputs lie below INPUT; empty for OUTPUT itself.
        names: of all files, in order.
        reports: modification time in nanoseconds and size of each file that may be a report.
        subfolders: names, in order.
    """

    path: bytes
    relative: bytes
    names: list[bytes] = field(default_factory=list)
    reports: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    subfolders: list[bytes] = field(default_factory=list)

    def has_annotated(self, name: bytes) -> bool:
        """Return whether there is an annotated copy of the input with this name."""
        beginning = name + b"-"
        at = bisect_left(self.names, beginning)
        while at < len(self.names) and self.names[at].startswith(beginning):
            if _COPY in self.names[at][len(name) :]:
                return True
            at += 1
        return False

    def stamp(self, name: bytes, reports: tuple[bytes, ...]) -> int | None:
        """A number that changes with the reports and annotated copies of an input; None if a report is not
        there.
        """
        number = 1 + self.has_annotated(name)
        for report in reports:
            found = self.reports.get(report)
            if found is None:
                return None
            number = (number * _MIX ^ found[0]) * _MIX ^ found[1]
        return (number ^ number >> 64) & _MASK


def iter_output_folders(output_root: bytes, skipped: list[bytes]) -> Iterator[OutputFolder]:
    """Yield all folders of an OUTPUT in the order of paths. Links are not followed.

    Args:
        output_root: absolute.
        skipped: gains the relative paths of folders that cannot be listed.
    """
    waiting = [b""]
    while waiting:
        relative = waiting.pop()
        path = os.path.join(output_root, relative) if relative else output_root
        folder = OutputFolder(path, relative)
        try:
            with os.scandir(path) as entries:
                _sort_into(folder, list(entries))
        except FileNotFoundError:
            if not relative:
                raise
            continue
        except OSError:
            if not relative:
                raise
            skipped.append(relative)
            continue
        yield folder
        prefix = relative + b"/" if relative else b""
        waiting.extend(prefix + name for name in reversed(folder.subfolders))


def _sort_into(folder: OutputFolder, entries: list[os.DirEntry[bytes]]) -> None:
    for entry in entries:
        name = entry.name
        if entry.is_dir(follow_symlinks=False):
            folder.subfolders.append(name)
            continue
        folder.names.append(name)
        if name.endswith(_REPORT):
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode):
                folder.reports[name] = (status.st_mtime_ns, status.st_size)
    folder.names.sort()
    folder.subfolders.sort()
