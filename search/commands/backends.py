"""From an address to the backend that it names."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import UsageError
from pipeline.host.command import install_command
from pipeline.text import printable
from search.backend import Backend, WritableBackend
from search.sqlite.index import SqliteIndex

POSTGRESQL = ("postgresql://", "postgres://")
SOLR = ("solr+http://", "solr+https://")


def open_index(path: Path, url: str | None) -> Backend:
    """The index to be asked: the file, or the server at an address.

    Raises: UsageError: the address names no backend, or nothing was loaded there; OutputError: it cannot be
        reached.
    """
    return SqliteIndex(path) if url is None else open_server(url, writable=False)


def open_server(url: str, *, writable: bool) -> WritableBackend:
    """The index on a server.

    Args:
        url: `postgresql://...` or `solr+http://...`.
        writable: whether documents are loaded into it.
    Raises: as `open_index`.
    """
    try:
        if url.startswith(POSTGRESQL):
            from search.postgresql.index import PostgresqlIndex

            return PostgresqlIndex(url, writable=writable)
        if url.startswith(SOLR):
            from search.solr.index import SolrIndex

            return SolrIndex(url, writable=writable)
    except ModuleNotFoundError as error:
        extra = "postgresql" if url.startswith(POSTGRESQL) else "solr"
        wanted = install_command(extra)
        raise UsageError(
            f"{extra}: needs the package {error.name}, which is not installed; type: {wanted}"
        ) from None
    scheme = printable(url.partition(":")[0])[:40]
    raise UsageError(f'"{scheme}:...": an address begins with postgresql://, solr+http:// or solr+https://')
