"""The executor without a network: when it gives up, and what it leaves."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster import executor
from cluster.conversation import Conversation, Heard, Lost, Waits
from cluster.executor import ClusterExecutor, cluster_executor
from cluster.messages import Ready
from cluster.storage import MARKER_NAME
from pipeline.errors import MinerError
from pipeline.runs.options import Options
from pipeline.videos.progress import ignore
from tests.minedphotos import ALL, REPORT, photos, settings_for
from tests.running import parts_in


class FakeLink:
    """Stands for the connection; a test says what comes over it."""

    reached_at: float | None = None
    all_refuse = False
    all_ended = True
    on_enter: Callable[[FakeLink], None] = staticmethod(lambda link: None)

    def __init__(self, *_: object) -> None:
        self.events: queue.SimpleQueue = queue.SimpleQueue()
        self.closed = False

    def __enter__(self) -> FakeLink:
        type(self).last = self
        type(self).on_enter(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def refuse(self, address: str) -> None:
        """Note it."""
        self.all_refuse = True

    def machine(self) -> Conversation:
        """A conversation whose machine never answers."""
        return Conversation("tls://host2:1", "run", "label", b"", self.events.put)


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> type[FakeLink]:
    """The class of the connection, with short times."""
    cls = type("Link", (FakeLink,), {})
    monkeypatch.setattr(executor, "Link", cls)
    monkeypatch.setattr(executor, "wait_until_reachable", lambda *_: None)
    monkeypatch.setattr(executor, "_POLL_S", 0.01)
    for name in ("FIRST_MACHINE_S", "NO_MACHINE_S", "UNWILLING_S"):
        monkeypatch.setattr(executor, name, 0.1)
    return cls


def new_executor(folder: Path) -> ClusterExecutor:
    settings = settings_for(folder, ALL, REPORT)
    options = Options(str(folder), str(folder / "out"), str(folder / "p.yml"), cluster="tcp://127.0.0.1:8786")
    return cluster_executor(settings, options, str(folder), ignore)


def error_of(folder: Path) -> str:
    with pytest.raises(MinerError) as error:
        list(new_executor(folder).mine(photos(folder, 3)))
    assert not (folder / "out" / MARKER_NAME).exists()
    return str(error.value)


def test_a_scheduler_that_never_answers(link: type[FakeLink], tmp_path: Path) -> None:
    assert error_of(tmp_path).startswith(
        "tcp://127.0.0.1:8786: the scheduler has not answered for 0 s; start it"
    )
    assert link.last.closed


def test_a_scheduler_without_machines(link: type[FakeLink], tmp_path: Path) -> None:
    link.reached_at = time.monotonic() + 1000
    said = error_of(tmp_path)
    assert "no machine has been there for 0 s; start machines with " in said
    assert "which goes on where it was" in said


def test_machines_that_all_cannot_mine(link: type[FakeLink], tmp_path: Path) -> None:
    def refuses(link: FakeLink) -> None:
        link.all_refuse = True
        link.events.put(Lost(link.machine(), "the disk is full", is_refusal=True))

    link.on_enter = staticmethod(refuses)
    assert error_of(tmp_path) == "tls://host2:1: the disk is full"


def test_machines_that_mine_for_another_run_are_waited_for(link: type[FakeLink], tmp_path: Path) -> None:
    polls = []

    def is_busy(link: FakeLink) -> None:
        busy = link.machine()
        link.events.put(Waits(busy, "it mines for another run"))
        link.reached_at = time.monotonic() + 1000

        def leaves() -> str:
            polls.append(time.monotonic())
            if polls[-1] - polls[0] > 5 * executor.FIRST_MACHINE_S and len(polls) > 5:
                link.events.put(Lost(busy, "it was shut down"))
            return "nothing"

        link.leaves = leaves

    link.on_enter = staticmethod(is_busy)
    mining = new_executor(tmp_path)
    poll = mining._check_company
    mining._check_company = lambda: (link.last.leaves(), poll())
    with pytest.raises(MinerError, match="no machine has been there"):
        list(mining.mine(photos(tmp_path, 3)))
    assert polls[-1] - polls[0] > 5 * executor.FIRST_MACHINE_S


def test_nothing_to_mine_needs_no_cluster(link: type[FakeLink], tmp_path: Path) -> None:
    assert list(new_executor(tmp_path).mine([])) == []
    assert not hasattr(link, "last")


def test_a_stopped_run_waits_for_machines_but_not_for_ever(
    link: type[FakeLink], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "STOP_S", 0.2)
    stopped: list[ClusterExecutor] = []

    def joins(link: FakeLink) -> None:
        link.events.put(Heard(link.machine(), [Ready("m1", 1, "1 worker", None)], frozenset()))
        stopped[0].stop()

    link.on_enter = staticmethod(joins)
    stopped.append(new_executor(tmp_path))
    assert list(stopped[0].mine(photos(tmp_path, 3))) == []
    assert link.last.closed


def test_a_second_stop_ends_at_once(
    link: type[FakeLink], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "STOP_S", 1e6)
    stopped: list[ClusterExecutor] = []

    def joins(link: FakeLink) -> None:
        link.events.put(Heard(link.machine(), [Ready("m1", 1, "1 worker", None)], frozenset()))
        stopped[0].stop()
        stopped[0].stop()

    link.on_enter = staticmethod(joins)
    stopped.append(new_executor(tmp_path))
    assert list(stopped[0].mine(photos(tmp_path, 3))) == []


def test_what_machines_left_is_removed_by_the_next_run(link: type[FakeLink], tmp_path: Path) -> None:
    """A machine that cannot be reached at the end may leave unfinished files."""
    link.all_ended = False
    link.reached_at = time.monotonic() + 1000
    with pytest.raises(MinerError):
        list(new_executor(tmp_path).mine(photos(tmp_path, 3)))
    assert (tmp_path / "out" / MARKER_NAME).exists()
    left = tmp_path / "out" / "2016" / ".deepvisualminer-m12ab34cd.77-0123456789abcdef.part"
    other = tmp_path / "out" / "2016" / ".deepvisualminer-1-0123456789abcdef.part"
    left.parent.mkdir()
    for path in (left, other):
        path.write_bytes(b"half")
    link.all_ended = True
    error_of(tmp_path)
    assert parts_in(tmp_path) == [other], "the one of a process of this machine is not the cluster's"


def test_parts_of_machines_have_names_of_their_own(tmp_path: Path, run_python) -> None:
    code = (
        "from pathlib import Path\n"
        "from pipeline.files.parts import RUN_OWNER, make_part, own_parts_as, reassign_part\n"
        "from pipeline.files.parts import sweep_parts, sweep_machine_parts\n"
        "root = Path(sys.argv[1])\n"
        "own_parts_as('m1', root)\n"
        "inside, outside = make_part(root / 'a'), make_part(Path(sys.argv[2]))\n"
        "import os\n"
        "sweep_machine_parts(root / 'a', 'm2')\n"
        "answer = [inside.exists(), inside.name.split('-')[1] == f'm1.{os.getpid()}',\n"
        "    outside.name.split('-')[1] == str(os.getpid())]\n"
        "sweep_parts(root / 'a', os.getpid())\n"
        "answer.append(inside.exists())\n"
        "complete = reassign_part(make_part(root / 'a'), 77)\n"
        "sweep_machine_parts(root / 'a', 'm1')\n"
        "sweep_parts(root / 'a')\n"
        "answer.append(complete.exists())\n"
        "sweep_machine_parts(root / 'a', RUN_OWNER)\n"
        "answer.append(complete.exists())\n"
    )
    (tmp_path / "cache").mkdir()
    assert run_python(code, tmp_path / "out", tmp_path / "cache") == [True, True, True, False, True, False]
