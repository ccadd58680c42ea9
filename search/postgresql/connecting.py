"""Connections to a PostgreSQL database, and its errors as sentences."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg

from pipeline.errors import OutputError
from search.postgresql.schema import SCHEMA

_CONNECT_SECONDS = 10


def shown(url: str) -> str:
    """The address without user, password and options, for messages and logs.

    Of an address that cannot be split safely, such as one with several hosts or a slash in its password, only
    the scheme is shown.
    """
    try:
        parts = urlsplit(url)
        place = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "postgresql://..."
    return "postgresql://..." if "@" in parts.path else f"{parts.scheme}://{place}{parts.path}"


@contextlib.contextmanager
def database_errors(url: str) -> Iterator[None]:
    """Raise OutputError with a sentence in place of the library's errors.

    The library's own text may hold the connection string, so only the reason is given.
    """
    try:
        yield
    except psycopg.errors.QueryCanceled:
        raise
    except psycopg.OperationalError as error:
        reason = error.diag.message_primary or _first_line(error)
        raise OutputError(f"{shown(url)}: the database cannot be reached or went away ({reason})") from None
    except psycopg.Error as error:
        reason = error.diag.message_primary or type(error).__name__
        raise OutputError(f"{shown(url)}: the database refused it ({reason})") from None


def connect(url: str) -> psycopg.Connection[Any]:
    """A connection that sees this program's tables alone; each statement outside of `transaction` commits.

    Raises: OutputError: there is none to be had.
    """
    with database_errors(url):
        connection: psycopg.Connection[Any] = psycopg.connect(
            url, autocommit=True, connect_timeout=_CONNECT_SECONDS, application_name="deepvisualminer"
        )
        connection.execute(f"SET search_path TO {SCHEMA}")
        connection.execute("SET client_min_messages TO warning")
        return connection


def _first_line(error: Exception) -> str:
    """Libpq's reason for a failed connection, without the hint on its next line; never a password."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    reasons = [line for line in lines if "failed: " in line] or lines
    return reasons[-1].rpartition("failed: ")[2].strip()
