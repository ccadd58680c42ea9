"""Requests to a Solr core, and its errors as sentences."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

from pipeline.errors import OutputError, UsageError
from reporters.layout import json_text

PREFIX = "solr+"
_EXAMPLE = "a Solr address looks like solr+http://host:8983/solr/photos"
_CONNECT_S, _ANSWER_S = 10, 120


class SolrClient:
    """Talks JSON to one core.

    Args:
        url: `solr+http://host:8983/solr/CORE`, with user and password in it if the server asks for them.
    Raises: UsageError: it is no such address.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url.removeprefix(PREFIX))
            host, port = parts.hostname, parts.port
        except ValueError:  # a port that is not a number, an unclosed bracket
            raise UsageError(_EXAMPLE) from None
        if parts.scheme not in ("http", "https") or not host or "/solr/" not in f"{parts.path}/":
            raise UsageError(_EXAMPLE)
        place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
        self.shown = f"{PREFIX}{parts.scheme}://{place}{parts.path}"
        """The address without user and password, for messages."""
        self._core = urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy is never meant for a database
        if parts.username:
            self._session.auth = (parts.username, parts.password or "")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def get(self, handler: str) -> Any:
        """The answer of a handler that takes nothing.

        Raises: OutputError: the server cannot be reached, or refuses.
        """
        return self._ask("GET", handler, None)

    def post(self, handler: str, content: Any) -> Any:
        """The answer of a handler that takes JSON.

        Raises: OutputError: the server cannot be reached, or refuses.
        """
        return self._ask("POST", handler, content)

    def _ask(self, method: str, handler: str, content: Any) -> Any:
        body = None if content is None else json_text(content).encode("utf-8")
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            answer = self._session.request(
                method, f"{self._core}/{handler}", data=body, headers=headers, timeout=(_CONNECT_S, _ANSWER_S)
            )
            answered = answer.json()
        except (requests.RequestException, ValueError) as error:
            reason = f"HTTP {answer.status_code}" if isinstance(error, ValueError) else type(error).__name__
            raise OutputError(f"{self.shown}: Solr cannot be reached or went away ({reason})") from None
        if answer.status_code != requests.codes.ok:
            raise OutputError(f"{self.shown}: Solr refused it ({_reason(answered, answer.status_code)})")
        return answered


def _reason(answered: Any, status: int) -> str:
    """The first line of what the server says."""
    try:
        return str(answered["error"]["msg"]).strip().splitlines()[0][:200]
    except (KeyError, TypeError, IndexError):
        return f"HTTP {status}"
