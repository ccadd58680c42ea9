"""Processes that make one picture at a time each: a slow or crashing decoder blocks no other."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from search.web.pictures import prepare_process

SLOW_S = 1.5
"""A picture that takes longer no longer counts as one of those that are being made."""
MOST_SLOW = 4
"""So many slow pictures at most are made beside the others."""


class PicturePool:
    """Runs functions in separate processes. All methods but `close` belong to one event loop.

    Args:
        size: how many processes work at once, slow ones not counted.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._idle: list[ProcessPoolExecutor] = []
        self._every: set[ProcessPoolExecutor] = set()
        self._slow = 0
        self._turns: asyncio.Semaphore | None = None
        self._lock = threading.Lock()

    async def run(self, make: Callable[..., bytes], *arguments: object) -> bytes:
        """The result of a function of a module, called in a process.

        Raises: BrokenProcessPool: the process died; whatever the function raises.
        """
        if self._turns is None:
            self._turns = asyncio.Semaphore(self._size)
        await self._turns.acquire()
        is_slow = False
        process = self._taken()
        try:
            future = asyncio.wrap_future(process.submit(make, *arguments))
            await asyncio.wait({future}, timeout=SLOW_S)
            if not future.done() and self._slow < MOST_SLOW:
                is_slow = True
                self._slow += 1
                self._turns.release()
            content = await future
        except BrokenProcessPool:
            self._forget(process)
            raise
        finally:
            if is_slow:
                self._slow -= 1
            else:
                self._turns.release()
            self._given_back(process)
        return content

    def close(self) -> None:
        """Kill the processes, even in the middle of a picture."""
        with self._lock:
            every, self._every, self._idle = self._every, set(), []
        for process in every:
            process.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
        for process in every:
            process.shutdown(wait=True)

    def _taken(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._idle:
                return self._idle.pop()
            context = multiprocessing.get_context("spawn")
            made = ProcessPoolExecutor(1, context, prepare_process, (os.getpid(),))
            self._every.add(made)
            return made

    def _given_back(self, process: ProcessPoolExecutor) -> None:
        with self._lock:
            if process not in self._every:
                return
            if len(self._idle) < self._size:
                self._idle.append(process)
                return
            self._every.discard(process)
        process.shutdown(wait=False)

    def _forget(self, process: ProcessPoolExecutor) -> None:
        with self._lock:
            self._every.discard(process)
        process.shutdown(wait=False, cancel_futures=True)
