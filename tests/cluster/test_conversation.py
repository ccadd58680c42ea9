"""Requests to one machine: nothing counts twice or is lost, and a silent machine is given up in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from cluster import conversation
from cluster.conversation import Conversation, Event, Heard, Lost, Waits
from cluster.messages import Begun, Frames, Over, Ready, Reply, Request, framed

READY = Ready("m1", 2, "2 workers", None)


def pickled(message) -> bytes:
    (content,) = Frames().add(framed(message))
    return content


def reply(state: str = "mining", *messages, first: int = 0, running=(), sentence: str = "") -> Reply:
    return {
        "state": state,
        "host": "host2",
        "sentence": sentence,
        "first": first,
        "messages": [pickled(message) for message in messages],
        "running": list(running),
    }


class Talks:
    """Holds a conversation with a machine that a test plays."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.requests: list[Request] = []
        self.talk = Conversation("tls://host2:1", "run", "process 1 on host1", b"begin", self.events.append)

    def hold(self, answer: Callable[[Request], Awaitable[Reply] | Reply]) -> bool:
        """Talk to the end; `answer` may end the conversation."""

        async def ask(_: str, request: Request) -> Reply:
            self.requests.append(request)
            answered = answer(request)
            return await answered if isinstance(answered, Awaitable) else answered

        return asyncio.run(asyncio.wait_for(self.talk.hold(ask), 20))


def test_a_request_that_was_not_answered_is_sent_again_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "_RETRY_S", 0.01)
    talks = Talks()

    def answer(request: Request) -> Reply:
        count = len(talks.requests)
        if count == 1:
            talks.talk.give([(1, b"one"), (2, b"two")], [], pace_s=0.0)
            return reply("mining", READY)
        if count == 2:
            raise ConnectionError("cut")
        talks.talk.end()
        return reply("mining", first=1)

    assert talks.hold(answer)
    first, second, third, last = talks.requests
    assert first["begin"] == b"begin"
    assert first["tasks"] == [], "no task before the machine is ready"
    assert second["tasks"] == [(1, b"one"), (2, b"two")]
    assert second == third
    assert third["number"] > first["number"]
    assert last["end"]
    assert last["tasks"] == []


def test_messages_that_come_twice_count_once() -> None:
    talks = Talks()
    answers = [
        reply("mining", READY, Begun(1), first=0),
        reply("mining", READY, Begun(1), Begun(2), first=0),
        reply("mining", Begun(2), Begun(3), first=2),
    ]

    def answer(_: Request) -> Reply:
        if len(answers) == 1:
            talks.talk.end()
        return answers.pop(0)

    talks.hold(answer)
    heard = [message for event in talks.events if isinstance(event, Heard) for message in event.messages]
    assert heard == [READY, Begun(1), Begun(2), Begun(3)]
    assert [request["received"] for request in talks.requests] == [0, 2, 3, 4]


def test_a_silent_machine_is_lost_after_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "_RETRY_S", 0.01)
    monkeypatch.setattr(conversation, "LEASE_S", 0.1)
    monkeypatch.setattr(conversation, "LEASE_MARGIN_S", 0.1)
    talks = Talks()

    def answer(_: Request) -> Reply:
        if len(talks.requests) > 1:
            raise ConnectionError("no route to host")
        return reply("mining", READY)

    assert talks.hold(answer), "its engine has ended by then"
    lost = talks.events[-1]
    assert isinstance(lost, Lost)
    assert "it has not answered for" in lost.sentence
    assert "no route to host" in lost.sentence
    assert not lost.is_refusal


@pytest.mark.parametrize(
    ("answered", "sentence", "is_refusal"),
    [
        (reply("refused", sentence="it has version 1"), "it has version 1", True),
        (reply("gone"), "its Dask worker was started again", False),
        (reply("mining", READY, Over("the disk is full")), "the disk is full", True),
        (reply("mining", READY, Over("exit status 1", is_final=False)), "exit status 1", False),
        (reply("mining", READY, Over()), "", False),
    ],
)
def test_machines_that_end(answered: Reply, sentence: str, is_refusal: bool) -> None:
    talks = Talks()
    assert talks.hold(lambda _: answered)
    assert talks.events[-1] == Lost(talks.talk, sentence, is_refusal)
    assert len(talks.requests) == 1


@pytest.mark.parametrize(
    "error",
    [
        ModuleNotFoundError("No module named 'cluster'"),
        Exception("""ModuleNotFoundError("No module named 'cluster'")"""),  # as distributed 2026.8 raises it
    ],
)
def test_a_dask_worker_without_the_program_is_left_alone(error: Exception) -> None:
    talks = Talks()

    def answer(_: Request) -> Reply:
        raise error

    talks.hold(answer)
    assert talks.events == [
        Lost(talks.talk, "its Dask worker does not have this program; install it there", True)
    ]


def test_a_busy_machine_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "_BUSY_PERIOD_S", 0.01)
    talks = Talks()

    def answer(request: Request) -> Reply:
        if len(talks.requests) < 3:
            return reply("busy", sentence="it mines for another run")
        assert request["begin"] == b"begin"
        talks.talk.end()
        return reply("mining", READY)

    talks.hold(answer)
    assert talks.events[:2] == [Waits(talks.talk, "it mines for another run")] * 2
    assert isinstance(talks.events[2], Heard)


def test_a_machine_that_cannot_be_told_of_the_end_may_still_mine(monkeypatch: pytest.MonkeyPatch) -> None:
    talks = Talks()

    def answer(request: Request) -> Reply:
        if request["end"]:
            raise ConnectionError("cut")
        talks.talk.end()
        return reply("mining", READY)

    assert not talks.hold(answer)
