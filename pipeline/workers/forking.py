"""Fork a worker off a process that has the pipeline loaded: milliseconds, and its memory is shared.

That process, the template, mines nothing itself. Both ends of what is said to it are here.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

from pipeline.host.processes import die_with_parent

_POLL_S = 0.001


@dataclass(frozen=True, slots=True)
class Fork:
    """Asks a template for one worker more; the worker's ends of its pipes follow."""


@dataclass(frozen=True, slots=True)
class NotForked:
    """What comes in place of a worker's first words where the machine allows no process more."""

    reason: str


def ask_for_fork(template: Connection, theirs: Connection, output_pipe: Connection) -> None:
    """Have a template fork a worker; its first words, or their end, come over the other end of `theirs`.

    Args:
        template: where the template listens.
        theirs, output_pipe: the worker's ends of its pipes; the caller closes them then.
    """
    try:
        with _socket(template) as line:
            template.send(Fork())
            socket.send_fds(line, [b"2"], [theirs.fileno(), output_pipe.fileno()])
    except ConnectionError:  # the template just died: the end of `theirs` says so
        return


def fork_worker(template: Connection, parent_pid: int) -> tuple[Connection, Connection] | None:
    """Fork off the worker that was asked for.

    It is orphaned at once, so that the parent of us both, which adopts orphans, sees its end, and ours does
    not matter to it.

    Args:
        template: where `Fork` came in.
        parent_pid: who adopts it; the worker dies with it.
    Returns: in the worker its ends of its pipes; in the template None.
    """
    with _socket(template) as line:
        _, descriptors, _, _ = socket.recv_fds(line, 1, 2)
    if len(descriptors) < 2:
        raise EOFError
    theirs, output_pipe = Connection(descriptors[0]), Connection(descriptors[1], readable=False)
    try:
        between = os.fork()
    except OSError as error:
        with theirs, output_pipe:
            theirs.send(NotForked(str(error.strerror)))
        return None
    if between:
        theirs.close()
        output_pipe.close()
        os.waitpid(between, 0)
        return None
    _orphan_a_child(theirs)
    die_with_parent(parent_pid)
    return theirs, output_pipe


def _orphan_a_child(theirs: Connection) -> None:
    """Go on as a child of this process, and end this process."""
    this = os.getpid()
    try:
        is_parent = os.fork() != 0
    except OSError as error:
        theirs.send(NotForked(str(error.strerror)))
        is_parent = True
    if is_parent:
        os._exit(0)
    while os.getppid() == this:  # it ends as we begin
        time.sleep(_POLL_S)


def _socket(connection: Connection) -> socket.socket:
    """A pipe for both ways is a pair of sockets, and takes descriptors too."""
    return socket.fromfd(connection.fileno(), socket.AF_UNIX, socket.SOCK_STREAM)
