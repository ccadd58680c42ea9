"""The index copied to servers: again and again, with changes, and when something is wrong."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

import visualsearch
from pipeline.errors import ExitCode, OutputError
from search.backend import Facet, WritableBackend
from search.commands.backends import open_server
from search.copying import copy_index
from search.documents import Document
from search.postgresql import schema
from search.postgresql.index import PostgresqlIndex
from search.question import understand
from tests.search.killing import in_child, killed_at_call
from tests.search.outputs import Output, label, name
from tests.search.servers import free_port, postgresql, solr

KILLS = 20


@pytest.fixture(scope="module", params=[postgresql, solr], ids=["postgresql", "solr"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a real server."""
    server: Callable[[], contextlib.AbstractContextManager[str]] = request.param
    with server() as address:
        yield address


@pytest.fixture
def output(tmp_path: Path, url: str) -> Output:
    """Three photos; the server is empty."""
    made = Output(tmp_path / "out")
    for number in range(3):
        made.photo(f"{number}.jpg", label("dog"), name("Anna"))
    made.index()
    with contextlib.closing(open_server(url, writable=True)) as server:
        server.apply([], [path for path, _ in server.iter_stamps()])
    return made


def load(output: Output, url: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert visualsearch.main(["load", str(output.folder), url]) == ExitCode.OK
    return capsys.readouterr().out


def ask(output: Output, url: str, capsys: pytest.CaptureFixture[str], query: str) -> str:
    arguments = ["query", str(output.folder), query, "--count", "--backend", url]
    assert visualsearch.main(arguments) == ExitCode.OK
    return capsys.readouterr().out.strip()


def test_only_what_differs_is_copied(output: Output, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert load(output, url, capsys) == "3 files put in, 0 taken out, 0 unchanged\n"
    assert load(output, url, capsys) == "0 files put in, 0 taken out, 3 unchanged\n"
    output.photo("1.jpg", label("cat"))
    (output.folder / "2.jpg.json").unlink()
    output.photo("3.jpg", label("dog"))
    output.index()
    assert load(output, url, capsys) == "2 files put in, 1 taken out, 1 unchanged\n"
    assert ask(output, url, capsys, "label:dog") == "2"
    assert ask(output, url, capsys, "label:cat") == "1"
    assert ask(output, url, capsys, "name:anna") == "1"


def test_documents_come_back_as_they_are(output: Output, url: str) -> None:
    output.video("a/film.mp4", {1.0: [label("dog", 0.5), label("cat", None)]}, taken="2008-01-02T03:04:05")
    output.photo(
        "b.jpg", *(label("person", one) for one in (0.9, 0.8)), gps={"latitude": 1.5, "longitude": -2.25}
    )
    output.index()
    with output.open() as index, contextlib.closing(open_server(url, writable=True)) as server:
        copy_index(index, server)
        for path, _ in index.iter_stamps():
            assert server.document(path) == index.document(path)


def test_a_copy_that_breaks_off_goes_on(output: Output, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.copying.BATCH", 1)

    class Breaking:
        """A server that is gone after the first batch."""

        def __init__(self, server: WritableBackend) -> None:
            self.server, self.iter_stamps, self.left = server, server.iter_stamps, 1

        def apply(self, documents: list[Document], removed: list[bytes]) -> None:
            if not self.left:
                raise OutputError("gone")
            self.left -= 1
            self.server.apply(documents, removed)

    with output.open() as index, contextlib.closing(open_server(url, writable=True)) as server:
        with pytest.raises(OutputError):
            copy_index(index, Breaking(server))  # type: ignore[arg-type]
        copied = copy_index(index, server)
    assert (copied.put, copied.unchanged) == (2, 1)


def test_a_copy_that_is_killed_anywhere_goes_on(
    output: Output, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.copying.BATCH", 4)
    for number in range(3, 30):
        output.photo(f"{number}.jpg", label("cat"), taken="2008-01-01T00:00:00")
    output.index()

    def copy(killed_at: int) -> None:
        with output.open() as index, contextlib.closing(open_server(url, writable=True)) as server:
            calls = killed_at_call(killed_at, lambda: copy_index(index, server))
        (tmp_path / "calls").write_text(str(calls))

    assert in_child(lambda: copy(-1)) == 0
    calls, stayed = int((tmp_path / "calls").read_text()), 0
    with output.open() as index, contextlib.closing(open_server(url, writable=True)) as server:
        stamps = list(index.iter_stamps())
        for point in range(KILLS):
            server.apply([], [path for path, _ in server.iter_stamps()])
            status = in_child(lambda point=point: copy(calls * (2 * point + 1) // (2 * KILLS)))
            assert os.WIFSIGNALED(status), "it was killed"
            left = list(server.iter_stamps())
            assert set(left) <= set(stamps)
            stayed += bool(left)
            assert copy_index(index, server).unchanged == len(left)
            assert list(server.iter_stamps()) == stamps
            assert all(server.document(path) == index.document(path) for path, _ in stamps)
    assert stayed > KILLS / 4, "what was committed before the kill has stayed"


@pytest.mark.parametrize(("most", "is_complete"), [(2, False), (3, True)])
def test_facets_of_a_large_result_are_said_to_be_of_a_part(
    output: Output, most: int, is_complete: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.postgresql.index.MOST_FACETED", most)
    with (
        postgresql() as address,
        output.open() as index,
        PostgresqlIndex(address, writable=True) as server,
    ):
        copy_index(index, server)
        found = server.facets(understand("label:dog", server).condition, list(Facet), 10)
    assert found.is_complete is is_complete
    assert found.values[Facet.TYPE] == (("photo", 3),)


def test_nothing_was_loaded_yet(output: Output, capsys: pytest.CaptureFixture[str]) -> None:
    with postgresql() as empty:
        arguments = ["query", str(output.folder), "dog", "--backend", empty]
        assert visualsearch.main(arguments) == ExitCode.USAGE
    assert "visualsearch.py load OUTPUT" in capsys.readouterr().err


@pytest.mark.parametrize(
    "scheme",
    ["postgresql://anna:s3cret@127.0.0.1:{}/photos", "solr+http://anna:s3cret@127.0.0.1:{}/solr/photos"],
)
def test_a_server_that_is_away_is_a_sentence_without_the_password(
    output: Output, scheme: str, capsys: pytest.CaptureFixture[str]
) -> None:
    address = scheme.format(free_port())
    assert visualsearch.main(["load", str(output.folder), address]) == ExitCode.ENVIRONMENT
    said = capsys.readouterr().err
    assert "cannot be reached" in said
    assert "s3cret" not in said
    assert "anna" not in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "address",
    [
        *("mysql://x", "http://127.0.0.1:8983/solr/photos", "photos", "solr+http://x"),
        *("solr+http://h:99999/solr/x", "solr+http://h:x/solr/x", "solr+http://[::1/solr/x"),
    ],
)
def test_what_is_no_address(output: Output, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert visualsearch.main(["load", str(output.folder), address]) == ExitCode.USAGE
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://anna:s3/cret@127.0.0.1:1/x",
        "postgresql://anna:12/cret@127.0.0.1:1/x",
        "postgresql://[::1/x",
        "postgresql://127.0.0.1:1,127.0.0.1:2/x",
        "postgresql://h:99999/x",
    ],
)
def test_a_malformed_database_address_is_a_sentence_without_the_password(
    output: Output, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert visualsearch.main(["load", str(output.folder), address]) == ExitCode.ENVIRONMENT
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "cret" not in said


def test_tables_of_another_version_are_made_again(output: Output) -> None:
    with postgresql() as address, output.open() as index:
        with PostgresqlIndex(address, writable=True) as server:
            copy_index(index, server)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"UPDATE {schema.SCHEMA}.meta SET value = '0'")
        with PostgresqlIndex(address, writable=True) as server:
            assert list(server.iter_stamps()) == []
            assert copy_index(index, server).put == 3


def test_a_database_that_goes_away_in_the_middle(output: Output) -> None:
    with postgresql() as address, PostgresqlIndex(address, writable=True) as server, output.open() as index:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'deepvisualminer'"
            )
        with pytest.raises(OutputError, match="went away"):
            copy_index(index, server)
