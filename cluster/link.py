"""The connection of a run to a Dask scheduler: which machines there are, and a conversation with each.

It lives in a thread of its own, so that machines hear of the run while the run plans or waits for a disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

from cluster.certificates import CertificateFiles
from cluster.conversation import Conversation, Event, Lost
from cluster.dasksettings import CONNECT_TIMEOUT_S, import_distributed, security_of
from cluster.messages import Reply, Request
from cluster.within import within

if TYPE_CHECKING:
    from distributed import Client

MEMBERS_PERIOD_S = 2.0
"""How often the scheduler is asked which machines there are."""
_MEMBERS_TIMEOUT_S = 15.0
_CLOSE_TIMEOUT_S = 5.0


class Link:
    """Finds machines and talks to them while it is open.

    Args:
        address: of the scheduler.
        files: the certificates; None for a connection over the loopback without encryption.
        run: identifies the run.
        label: the run, for people.
        begin: a framed `Begin`.
    Attributes:
        events: what the machines say.
        reached_at: when the scheduler answered last, on the monotonic clock; None: it never has.
        members: how many machines the scheduler knows.
        all_ended: whether all machines have answered at the end that their engines have ended.
    """

    def __init__(
        self, address: str, files: CertificateFiles | None, run: str, label: str, begin: bytes
    ) -> None:
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.reached_at: float | None = None
        self.members, self.all_ended = 0, True
        self._address, self._files = address, files
        self._run, self._label, self._begin = run, label, begin
        self._conversations: dict[str, tuple[Conversation, asyncio.Task[bool]]] = {}
        self._refusing: set[str] = set()
        self._refusing_members: set[str] = set()
        self._client: Client | None = None
        self._is_closing, self._closing = threading.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="cluster", daemon=True)

    def __enter__(self) -> Link:
        import_distributed()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End all conversations and the machines' engines."""
        self._is_closing.set()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(_CLOSE_TIMEOUT_S + 1)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        watching = asyncio.create_task(self._watch())
        if not self._is_closing.is_set():  # else it was set before there was a loop
            await self._closing.wait()
        for conversation, _ in self._conversations.values():
            conversation.end()
        tasks = [task for _, task in self._conversations.values()]
        try:
            ended = await within(_CLOSE_TIMEOUT_S, asyncio.gather(*tasks, return_exceptions=True))
            self.all_ended = all(end is True for end in ended)
        except TimeoutError:
            self.all_ended = False
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self) -> None:
        """Keep a client connected, and look for machines."""
        distributed = import_distributed()
        security = security_of(self._files)
        while True:
            client: Any = distributed.Client(
                self._address,
                security=security,
                asynchronous=True,
                timeout=CONNECT_TIMEOUT_S,
                set_as_default=False,
                direct_to_workers=False,
                name="deepvisualminer",
            )
            try:
                self._client = await within(2 * CONNECT_TIMEOUT_S, client)
                while True:
                    known = await within(_MEMBERS_TIMEOUT_S, client.scheduler.ncores())
                    self.reached_at = time.monotonic()
                    self._meet(set(known))
                    await asyncio.sleep(MEMBERS_PERIOD_S)
            except asyncio.CancelledError:
                raise
            except Exception:  # the scheduler is not there, or not there any more
                self.members = 0
                await asyncio.sleep(MEMBERS_PERIOD_S)
            finally:
                self._client = None
                with contextlib.suppress(Exception):
                    await within(1.0, client.close())

    def _meet(self, addresses: set[str]) -> None:
        """Begin a conversation with each machine that has none."""
        self.members, self._refusing_members = len(addresses), addresses & self._refusing
        for address in addresses - self._conversations.keys() - self._refusing:
            conversation = Conversation(address, self._run, self._label, self._begin, self._tell)
            task = asyncio.create_task(conversation.hold(self._ask))
            self._conversations[address] = conversation, task

    def _tell(self, event: Event) -> None:
        if isinstance(event, Lost):
            del self._conversations[event.speaker.address]
            if event.is_refusal:
                self._refusing.add(event.speaker.address)
        self.events.put(event)

    @property
    def all_refuse(self) -> bool:
        """Whether there are machines and none of them can mine for the run."""
        return 0 < self.members == len(self._refusing_members)

    def refuse(self, address: str) -> None:
        """Do not use a machine any more. Called from the run's thread."""
        self._refusing.add(address)

    async def _ask(self, address: str, request: Request) -> Reply:
        from cluster.agent import exchange

        if self._client is None:
            raise ConnectionError("the scheduler is not reached")
        replies: dict[str, Reply] = await self._client.run(exchange, request, workers=[address])
        return replies[address]
