"""The marker in OUTPUT that shows a machine that it has the same storage as the run."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.files.outputs import check_writable, write_file
from pipeline.files.parts import make_part, remove_parts, sweep_machine_parts
from pipeline.source import Source
from pipeline.text import printable

MARKER_NAME = ".deepvisualminer.cluster"

LATE_S = 30.0
"""How long a network file system may show an old state of a folder: sshfs does so for 20 s."""
_RETRY_S = 1.0
_MOST_BYTES = 100


@contextlib.contextmanager
def marked(output_root: Path, is_clean: Callable[[], bool]) -> Iterator[str]:
    """Keep a marker in OUTPUT while the context is open; yields its content.

    A marker that is there at the beginning says that machines of an earlier run were not reached at its end.
    The unfinished outputs of all machines are removed then.

    Args:
        output_root: OUTPUT.
        is_clean: whether all machines have ended and left nothing, asked at the end.
    Raises: OutputError: it cannot be written.
    """
    path, content = output_root / MARKER_NAME, secrets.token_hex(16)
    if path.exists():
        for folder, _, _ in os.walk(output_root):
            sweep_machine_parts(Path(folder))
    write_file(path, content.encode())
    try:
        yield content
    finally:
        if is_clean():
            remove_parts([path])


def storage_trouble(
    output_root: str, marker: str, sample: Source, on_late: Callable[[str], None]
) -> str | None:
    """Return why this machine does not have the storage of the run; None if it has it.

    What another machine has just written may appear late, because the client of a network file system
    remembers for a while which names a folder does not have. Writing into the folder makes an NFS client ask
    its server again; for others this function waits.

    Args:
        output_root, marker: as for `output_trouble`.
        sample: as for `input_trouble`.
        on_late: called with the reason, once, before this waits.
    """
    until = time.monotonic() + LATE_S
    is_late = False
    while trouble := (
        _writing_trouble(output_root) or output_trouble(output_root, marker) or input_trouble(sample)
    ):
        if time.monotonic() >= until:
            break
        if not is_late:
            on_late(trouble)
        is_late = True
        time.sleep(_RETRY_S)
    return trouble


def reveal(folders: Iterable[Path], patience_s: float) -> None:
    """Make this machine list in folders of OUTPUT what other machines have just written there.

    Otherwise the update of the search index at the end of a run would miss reports where the client of a
    network file system has an old list.

    Args:
        folders: in which there are new files.
        patience_s: how long to try in all for folders that do not appear.
    """
    until = time.monotonic() + patience_s
    for folder in folders:
        while True:
            try:
                remove_parts([make_part(folder)])
                break
            except OutputError:  # the folder itself is not seen yet
                if time.monotonic() >= until:
                    break
                time.sleep(_RETRY_S)


def _writing_trouble(output_root: str) -> str | None:
    """Return why nothing can be written into OUTPUT; None if it can, or if it does not exist."""
    if not os.path.isdir(output_root):  # it is another machine that makes it
        return None
    try:
        check_writable(Path(output_root))
    except OutputError as error:
        cause = str(error).partition(";")[0]
        return f"{cause}; mount the storage of OUTPUT there so that it can be written"
    return None


def output_trouble(output_root: str, marker: str) -> str | None:
    """Return why a folder is not the OUTPUT of the run; None if it is.

    Args:
        output_root: OUTPUT as this machine has it mounted.
        marker: the marker's content.
    """
    advice = "mount the storage of OUTPUT there, or name its place with --output-root"
    try:
        with open(os.path.join(output_root, MARKER_NAME), "rb") as stream:
            found = stream.read(_MOST_BYTES)
    except OSError as error:
        return f"{printable(output_root)} is not the OUTPUT of the run ({error.strerror}); {advice}"
    if found != marker.encode():
        return f"{printable(output_root)} is another OUTPUT than that of the run, or a stale copy; {advice}"
    return None


def input_trouble(source: Source) -> str | None:
    """Why a file of INPUT is not what the run has found there; None if it is.

    Args:
        source: the file, at its place on this machine.
    """
    advice = "mount the storage of INPUT there, or name its place with --input-root"
    try:
        # The client of NFS asks its server for the size when a file is opened.
        with open(source.path, "rb", buffering=0) as stream:
            size = os.fstat(stream.fileno()).st_size
    except OSError as error:
        return f"{printable(source.path)}, a file of INPUT, cannot be read there ({error.strerror}); {advice}"
    if size != source.size_bytes:
        return f"{printable(source.path)}, a file of INPUT, has another size there; {advice}"
    return None


def is_readable(path: str) -> bool:
    """Whether a file exists and its beginning can be read."""
    try:
        with open(path, "rb", buffering=0) as stream:
            stream.read(1)
    except OSError:
        return False
    return True
