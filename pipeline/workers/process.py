"""The inside of a worker process: it loads the pipeline once and then runs one task at a time.

The first worker of a run that has loaded the pipeline may become the template that others are forked from.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import os
import signal
from multiprocessing.connection import Connection

from pipeline.errors import MinerError
from pipeline.files.parts import own_parts_as
from pipeline.host.libraries import configure, configure_imaging
from pipeline.host.logs import set_levels
from pipeline.host.parentdeath import die_with_parent
from pipeline.host.processes import (
    bound_memory,
    raise_oom_score,
    set_niceness,
    start_method,
)
from pipeline.host.tuning import keep_freed_memory, limit_numpy_threads, return_freed_memory
from pipeline.pipeline import Pipeline
from pipeline.tasks import Task, run_task
from pipeline.workers.forking import fork_worker
from pipeline.workers.messages import Fatal, Fork, Heartbeat, Loading, Ready, WorkerSettings
from pipeline.workers.sending import FrameCounter, MessageSender, log_to


def run_worker(connection: Connection, output_pipe: Connection, parent_pid: int) -> None:
    """Run a worker: receive tasks and send results until the parent ends this process. Never returns.

    Args:
        connection: receives `WorkerSettings`, then tasks, or `Fork`s if it is the template; sends `Message`s.
        output_pipe: receives standard output, standard error and a crash's traceback.
        parent_pid: the worker dies when this process dies.
    """
    die_with_parent(parent_pid)
    raise_oom_score()
    keep_freed_memory()
    configure()
    limit_numpy_threads()
    # Both signals may reach a whole process group; only the parent decides what to do about them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
    _redirect_output(output_pipe)
    with contextlib.suppress(EOFError, ConnectionError):  # the parent has died
        _serve(connection, parent_pid)
    os._exit(0)  # everything is written; native libraries can deadlock in their atexit handlers


def _serve(connection: Connection, parent_pid: int) -> None:
    settings: WorkerSettings = connection.recv()
    set_niceness(settings.nice)
    set_levels(settings.log_level)
    if settings.machine:
        own_parts_as(settings.machine, settings.output_root)
    gc.freeze()  # forked children share this memory as long as no collection writes to it
    sender = _start_sending(connection)
    sender.send(Loading())
    try:
        pipeline = _load_pipeline(settings)
        sender.send(Ready(os.getpid(), pipeline.forkable and start_method() == "fork"))
        connection, sender, task = _await_task(connection, sender, parent_pid)
        if settings.memory_bytes is not None:
            bound_memory(settings.memory_bytes)  # only now: loading may compile a network, in a child process
        while True:
            counter = FrameCounter(lambda frames: sender.send(Heartbeat(frames)))
            sender.send(run_task(pipeline, task, settings.run_pid, counter))
            return_freed_memory()
            task = connection.recv()
    except MinerError as error:
        sender.send(Fatal(str(error), error.exit_code))
        connection.recv()  # blocks until the parent has read the message and ends this process


def _load_pipeline(settings: WorkerSettings) -> Pipeline:
    """Import the libraries and load the models, so that workers forked from here share both.

    Raises: MinerError: a component cannot be loaded.
    """
    with contextlib.suppress(Exception):  # a missing library fails each photo, with its name
        configure_imaging()
        importlib.import_module("pipeline.photos.photo")
    pipeline = Pipeline(settings.config, settings.output_root, settings.limits)
    pipeline.load()
    gc.freeze()
    return pipeline


def _await_task(
    connection: Connection, sender: MessageSender, parent_pid: int
) -> tuple[Connection, MessageSender, Task]:
    """Wait for the first task and, as the template, fork a worker for each `Fork` that comes before it.

    Returns: the process's own connection, its sender and the task; in a forked worker they are new.
    """
    while isinstance(message := connection.recv(), Fork):
        if (own := fork_worker(connection, parent_pid)) is not None:
            connection.close()
            connection, output_pipe = own
            _redirect_output(output_pipe)
            sender = _start_sending(connection)
            sender.send(Ready(os.getpid()))
    return connection, sender, message


def _redirect_output(output_pipe: Connection) -> None:
    """Send standard output, standard error and a crash's traceback into the pipe."""
    os.dup2(output_pipe.fileno(), 1)
    os.dup2(output_pipe.fileno(), 2)
    output_pipe.close()
    faulthandler.enable(2)


def _start_sending(connection: Connection) -> MessageSender:
    sender = MessageSender(connection)
    log_to(sender)
    return sender
