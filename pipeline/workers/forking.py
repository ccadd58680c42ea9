"""Fork a worker from the template: the parent's side and the template's side.

The template is a worker process that has loaded the pipeline and mines nothing itself. A fork takes
milliseconds, and the worker shares the template's memory.
"""

from __future__ import annotations

import os
import socket
import time
from multiprocessing.connection import Connection

from pipeline.host.parentdeath import die_with_parent
from pipeline.workers.messages import Fork, NotForked

_POLL_S = 0.001


def request_fork(template: Connection, worker_end: Connection, output_pipe: Connection) -> None:
    """Ask the template for a new worker. The worker's first message comes over its connection, or EOF.

    Args:
        template: the parent's connection to the template.
        worker_end, output_pipe: the new worker's ends of its pipes; the caller closes its copies afterwards.
    """
    try:
        with _as_socket(template) as line:
            template.send(Fork())
            socket.send_fds(line, [b"2"], [worker_end.fileno(), output_pipe.fileno()])
    except ConnectionError:  # the template has just died; the caller sees EOF on the worker's connection
        return


def fork_worker(template: Connection, parent_pid: int) -> tuple[Connection, Connection] | None:
    """In the template: fork the worker that a `Fork` message asked for.

    The worker is orphaned at once. The parent, which is a child subreaper, adopts it, sees its end, and is
    not affected by the template's.

    Args:
        template: the template's connection to the parent, which `Fork` came from.
        parent_pid: the process that adopts the worker; the worker dies when it dies.
    Returns: the worker's ends of its pipes, in the worker; None in the template.
    """
    with _as_socket(template) as line:
        _, descriptors, _, _ = socket.recv_fds(line, 1, 2)
    if len(descriptors) < 2:
        raise EOFError
    worker_end, output_pipe = Connection(descriptors[0]), Connection(descriptors[1], readable=False)
    try:
        intermediate_pid = os.fork()
    except OSError as error:
        with worker_end, output_pipe:
            worker_end.send(NotForked(str(error.strerror)))
        return None
    if intermediate_pid:
        worker_end.close()
        output_pipe.close()
        os.waitpid(intermediate_pid, 0)
        return None
    _fork_and_exit(worker_end)
    die_with_parent(parent_pid)
    return worker_end, output_pipe


def _fork_and_exit(worker_end: Connection) -> None:
    """Fork again and end this process; only the new child, an orphan, returns from here."""
    intermediate_pid = os.getpid()
    try:
        is_parent = os.fork() != 0
    except OSError as error:
        worker_end.send(NotForked(str(error.strerror)))
        is_parent = True
    if is_parent:
        os._exit(0)
    while os.getppid() == intermediate_pid:  # it exits within microseconds
        time.sleep(_POLL_S)


def _as_socket(connection: Connection) -> socket.socket:
    """A duplex pipe is a pair of Unix sockets, which can carry file descriptors."""
    return socket.fromfd(connection.fileno(), socket.AF_UNIX, socket.SOCK_STREAM)
