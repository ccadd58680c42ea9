"""The ledger: what is put in comes out, whatever the names, and whatever happened to the file."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import FailureCode, OutputError
from pipeline.ledger import ledgerfile
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.ledgerfile import LEDGER_NAME
from pipeline.ledger.record import Context, Record
from pipeline.outcome import Status
from pipeline.source import Stamp

ROOT = Path(__file__).resolve().parents[3]
CONTEXT = Context("/photos", "a" * 64, "150 MP")
MINED = Record(
    "2016/a.jpg",
    Stamp(1234, 1_470_000_000_123_456_789, 2049, 77, 1_470_000_001_000_000_000),
    CONTEXT,
    Status.MINED,
    format="jpeg",
    frames=1,
    duration_s=0.25,
    sha256="0f" * 32,
    outputs=("a.jpg.json", "a.jpg-annotated.jpg"),
    older_outputs=("a.jpg-old.json",),
)


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    failed = replace(
        MINED,
        relative="b.jpg",
        status=Status.FAILED,
        code=FailureCode.TRUNCATED,
        sentence="ends too early \udcff",
        sha256=None,
        outputs=(),
        attempts=1,
        is_reported=False,
    )
    with Ledger(tmp_path) as ledger:
        assert ledger.is_empty
        ledger.record(MINED)
        ledger.record(failed)
    with Ledger(tmp_path) as ledger:
        assert not ledger.is_empty
        assert ledger.look_up("2016/a.jpg") == MINED
        assert ledger.look_up("b.jpg") == replace(failed, sentence="ends too early \\udcff")
        assert ledger.look_up("c.jpg") is None
        assert [record.relative for record in ledger.iter_records()] == ["2016/a.jpg", "b.jpg"]
        ledger.mark_reported(["b.jpg", "not there"])
        failed = ledger.look_up("b.jpg")
        assert failed is not None
        assert failed.is_reported
        ledger.forget("b.jpg")
        assert ledger.look_up("b.jpg") is None
    assert sorted(path.name for path in tmp_path.iterdir()) == [LEDGER_NAME]


@pytest.mark.parametrize(
    "name", [b"\xff\xfe.jpg", b"new\nline.jpg", b"-rf '\";--", "\u00fc\U0001f600".encode()]
)
def test_names_are_bytes(tmp_path: Path, name: bytes) -> None:
    text = os.fsdecode(name)
    record = replace(
        MINED, relative=f"d/{text}", outputs=(f"{text}.json", text), context=Context(text, "p", "l")
    )
    with Ledger(tmp_path) as ledger:
        ledger.record(record)
    with Ledger(tmp_path) as ledger:
        assert ledger.look_up(f"d/{text}") == record
        entry = ledger.find(record.relative)
        assert entry is not None
        assert entry.outputs == record.outputs
        assert entry.is_as(record.stamp)


def test_numbers_that_sqlite_cannot_hold(tmp_path: Path) -> None:
    """Inodes of pooled file systems use all 64 bits; a camera's clock may say the year 3000."""
    far = os.stat_result(
        (0o100644, 2**64 - 5, 2**63, 1, 0, 0, 10, 0, 0, 0),
        {"st_mtime_ns": 32_503_680_000 * 10**9, "st_ctime_ns": -(2**62)},
    )
    record = replace(MINED, stamp=Stamp.of(far))
    with Ledger(tmp_path) as ledger:
        ledger.record(record)
        entry = ledger.find(record.relative)
        assert entry is not None
        assert entry.is_as(record.stamp)
        assert entry.record == replace(record, stamp=record.stamp.in_64_bits())
        assert not entry.is_as(record.stamp._replace(mtime_ns=record.stamp.mtime_ns + 1))


def test_an_entry_gives_what_a_comparison_needs_without_the_whole_record(tmp_path: Path) -> None:
    ignored = replace(
        MINED, relative="x.txt", status=Status.IGNORED, format=None, sentence="no photo", outputs=()
    )
    with Ledger(tmp_path) as ledger:
        ledger.record_many([MINED, ignored, replace(MINED, relative="bad", status=Status.FAILED)])
        assert len(ledger) == 3
        entries = [ledger.find(relative) for relative in (MINED.relative, "x.txt", "bad")]
        assert [
            (entry.format, entry.failed, entry.sentence, entry.outputs) for entry in entries if entry
        ] == [
            ("jpeg", False, "", MINED.outputs),
            (None, False, "no photo", ()),
            ("jpeg", True, "", MINED.outputs),
        ]
        assert all(entry is not None and entry.context == CONTEXT for entry in entries)
        assert ledger.find("other") is None


def test_an_entry_is_as_a_file_that_nothing_was_done_to(tmp_path: Path) -> None:
    stamp = MINED.stamp
    with Ledger(tmp_path) as ledger:
        ledger.record(MINED)
        entry = ledger.find(MINED.relative)
    assert entry is not None
    assert entry.is_as(stamp)
    assert entry.is_as(stamp._replace(ctime_ns=stamp.ctime_ns - 1))
    for changed in (
        stamp._replace(size_bytes=1),
        stamp._replace(mtime_ns=1),
        stamp._replace(device=1),
        stamp._replace(inode=1),
        stamp._replace(ctime_ns=stamp.ctime_ns + 1),
    ):
        assert not entry.is_as(changed)


def test_finds_the_same_size_time_and_content(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.record(MINED)
        ledger.record(replace(MINED, relative="unread", sha256=None))
        ledger.record(replace(MINED, relative="unlike", sha256="00" * 32))
        ledger.record(replace(MINED, relative="other", stamp=MINED.stamp._replace(size_bytes=1)))
        assert MINED.sha256 is not None
        assert list(ledger.iter_same(MINED.stamp, MINED.sha256)) == [MINED]
        assert ledger.has_like(MINED.stamp)
        assert not ledger.has_like(MINED.stamp._replace(mtime_ns=1))


def test_the_file_shrinks_when_much_of_it_is_unused(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.record_many(replace(MINED, relative=f"{number:05d}" * 20) for number in range(10_000))
        ledger.shrink()
        for number in range(1, 10_000):
            ledger.forget(f"{number:05d}" * 20)
        ledger.record(MINED)
    before = ledger.path.stat().st_size
    with Ledger(tmp_path) as ledger:
        ledger.shrink()
        assert ledger.path.stat().st_size < before / 4
        assert ledger.look_up(MINED.relative) == MINED
        assert len(ledger) == 2
    with Ledger(tmp_path) as ledger:
        assert len(ledger) == 2


def test_pages_may_be_changed_while_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.ledger.ledger._PAGE", 10)
    with Ledger(tmp_path) as ledger:
        assert ledger.record_many(replace(MINED, relative=f"{number:03d}") for number in range(35)) == 35
        seen = []
        for record in ledger.iter_records():
            seen.append(record.relative)
            ledger.forget(record.relative)
        assert seen == [f"{number:03d}" for number in range(35)]
        assert list(ledger.iter_records()) == []


def test_many_records_are_all_or_none(tmp_path: Path) -> None:
    def interrupted():
        yield replace(MINED, context=Context("/new", "p", "l"))
        raise KeyboardInterrupt

    with Ledger(tmp_path) as ledger:
        with pytest.raises(KeyboardInterrupt):
            ledger.record_many(interrupted())
        assert list(ledger.iter_records()) == []
        ledger.record(replace(MINED, context=Context("/new", "p", "l")))
        assert ledger.look_up(MINED.relative) == replace(MINED, context=Context("/new", "p", "l"))


def test_device_that_got_another_number(tmp_path: Path) -> None:
    elsewhere = replace(MINED, relative="x", context=CONTEXT._replace(root="/videos"))
    with Ledger(tmp_path) as ledger:
        ledger.record_many([MINED, elsewhere])
        ledger.renumber_device("/photos", 2049, 2065)
        renumbered = ledger.look_up(MINED.relative)
        assert renumbered == replace(MINED, stamp=MINED.stamp._replace(device=2065))
        assert ledger.look_up("x") == elsewhere


def test_kill_loses_no_record(tmp_path: Path) -> None:
    script = """
import sys
from dataclasses import replace
from pathlib import Path
from pipeline.ledger.ledger import Ledger
from tests.pipeline.ledger.test_ledger import MINED
ledger = Ledger(Path(sys.argv[1]))
for number in range(10**9):
    ledger.record(replace(MINED, relative=str(number)))
    if number == 3000: print(number, flush=True)
"""
    writer = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "3000\n"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    with Ledger(tmp_path) as ledger:
        numbers = sorted(int(record.relative) for record in ledger.iter_records())
        assert not ledger.is_empty
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 3000
    assert sorted(path.name for path in tmp_path.iterdir()) == [LEDGER_NAME]


def test_disk_that_is_full(tmp_path: Path, run_python) -> None:
    """A limit of the process on the size of files stands for the disk."""
    code = """
import resource, signal
from dataclasses import replace
from pathlib import Path
from pipeline.errors import OutputError
from pipeline.ledger.ledger import Ledger
from tests.pipeline.ledger.test_ledger import MINED
ledger = Ledger(Path(sys.argv[1]))
ledger.record(MINED)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    for number in range(100_000):
        ledger.record(replace(MINED, relative=str(number)))
except OutputError as error:
    answer = [str(error), int(error.exit_code)]
"""
    sentence, code = run_python(code, tmp_path)
    assert sentence.startswith(f"{tmp_path / LEDGER_NAME}: the ledger cannot be written")
    assert code == 3
    with Ledger(tmp_path) as ledger:
        assert ledger.look_up(MINED.relative) == MINED


def test_folder_that_cannot_be_written(tmp_path: Path, unprivileged: list[str], run_python) -> None:
    code = """
from pathlib import Path
from pipeline.errors import OutputError
from pipeline.ledger.ledger import Ledger
try:
    Ledger(Path(sys.argv[1]))
except OutputError as error:
    answer = str(error)
"""
    tmp_path.chmod(0o555)
    sentence = run_python(code, tmp_path, prefix=unprivileged)
    tmp_path.chmod(0o755)
    assert sentence.startswith(f"{tmp_path / LEDGER_NAME}: cannot be written (")


def corrupt_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for start in range(4096, len(content), 4096):
        content[start : start + 64] = b"\xa5" * 64
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"not a database at all" * 1000),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        lambda path: path.write_bytes(b""),
        corrupt_middle,
        lambda path: sqlite3.connect(path).execute("DROP TABLE contexts").connection.close(),
        lambda path: sqlite3.connect(path).execute("PRAGMA application_id = 7").connection.close(),
    ],
    ids=["text", "cut", "empty", "overwritten", "without a table", "another program's"],
)
def test_damaged_ledger_is_replaced(tmp_path: Path, damage, caplog: pytest.LogCaptureFixture) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.record_many(replace(MINED, relative=f"{number:05d}") for number in range(500))
    path = tmp_path / LEDGER_NAME
    damage(path)
    was_empty = path.stat().st_size == 0
    (tmp_path / f"{LEDGER_NAME}-journal").write_bytes(b"of another time")
    with Ledger(tmp_path) as ledger:
        assert ledger.is_empty
        assert list(ledger.iter_records()) == []
        assert was_empty or "the ledger is damaged" in caplog.text
        ledger.record(MINED)
    with Ledger(tmp_path) as ledger:
        assert [record.relative for record in ledger.iter_records()] == [MINED.relative]


def test_damage_that_shows_only_later_ends_the_run_and_is_mended_by_the_next(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.record_many(replace(MINED, relative=f"{number:05d}") for number in range(5000))
    with Ledger(tmp_path) as ledger:
        ledger._connection.execute("PRAGMA cache_size = 1")
        corrupt_middle(tmp_path / LEDGER_NAME)
        with pytest.raises(OutputError, match="start again: it is rebuilt from the reports"):
            for number in range(5000):
                ledger.look_up(f"{number:05d}")
    with Ledger(tmp_path) as ledger:
        assert ledger.is_empty
        ledger.record(MINED)


def test_ledger_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger._connection.execute("PRAGMA user_version = 99")
    before = (tmp_path / LEDGER_NAME).read_bytes()
    with pytest.raises(OutputError) as caught:
        Ledger(tmp_path)
    assert "a ledger of version 99, written by a newer version" in str(caught.value)
    assert "delete the file: it is rebuilt from the reports" in str(caught.value)
    assert (tmp_path / LEDGER_NAME).read_bytes() == before


def test_ledger_of_an_older_version_is_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.record(MINED)
    newer = (
        *ledgerfile.MIGRATIONS,
        ("ALTER TABLE inputs ADD COLUMN mood TEXT NOT NULL DEFAULT 'good'",),
        ("CREATE INDEX moods ON inputs (mood)", "UPDATE inputs SET mood = 'better'"),
    )
    monkeypatch.setattr(ledgerfile, "MIGRATIONS", newer)
    with Ledger(tmp_path) as ledger:
        assert not ledger.is_empty
        assert ledger.look_up(MINED.relative) == MINED
        assert ledger._one("SELECT mood FROM inputs", ()) == ("better",)
        assert ledger._one("PRAGMA user_version", ()) == (3,)


def test_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.record(MINED)
    broken = (*ledgerfile.MIGRATIONS, ("ALTER TABLE inputs ADD COLUMN mood TEXT", "SELECT raise_the_dead()"))
    with monkeypatch.context() as patched:
        patched.setattr(ledgerfile, "MIGRATIONS", broken)
        with pytest.raises(OutputError):
            Ledger(tmp_path)
    with Ledger(tmp_path) as ledger:
        assert ledger._one("PRAGMA user_version", ()) == (1,)
        assert ledger.look_up(MINED.relative) == MINED


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_something_else_in_its_place(tmp_path: Path, make) -> None:
    make(tmp_path / LEDGER_NAME)
    with pytest.raises(OutputError, match="something else stands where the ledger belongs; remove it"):
        Ledger(tmp_path)


def test_ledger_that_another_program_has_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger(tmp_path).__exit__()
    other = sqlite3.connect(tmp_path / LEDGER_NAME, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    original = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *given, **named: original(*given, **{**named, "timeout": 0})
    )
    with pytest.raises(OutputError, match="nothing else has the file open"):
        Ledger(tmp_path)
    other.close()
