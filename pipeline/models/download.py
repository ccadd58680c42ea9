"""Download files of official releases by https, with the proxies of the environment."""

from __future__ import annotations

import contextlib
import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import IO
from urllib.parse import urlsplit

from pipeline import __version__
from pipeline.errors import ModelError
from pipeline.text import printable

_BROKEN = (
    urllib.error.URLError,
    http.client.HTTPException,
    ssl.SSLError,
    ConnectionError,
    TimeoutError,
)

CONNECT_TIMEOUT_S = 8.0
"""A server that does not answer in this time counts as unreachable; often there is no network."""
TIMEOUT_S = 30.0
"""A server that sends nothing for so long counts as gone."""


class _Connection(http.client.HTTPSConnection):
    """A connection with a shorter timeout for connecting than for reading."""

    def connect(self) -> None:
        """Connect, handshake included."""
        self.timeout = CONNECT_TIMEOUT_S
        super().connect()
        self.sock.settimeout(TIMEOUT_S)


class _ShortTimeoutHandler(urllib.request.HTTPSHandler):
    """Opens https URLs by such a connection."""

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open the request with such a connection."""
        return self.do_open(_Connection, req)


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirections to https URLs only, so that the file cannot be read or altered on the way."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """The request for the new URL.

        Raises: URLError: it is not https.
        """
        if urlsplit(newurl).scheme != "https":
            raise urllib.error.URLError(f"it sends to {printable(newurl)}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextlib.contextmanager
def open_url(url: str) -> Iterator[IO[bytes]]:
    """Open a URL as a stream of its content.

    Raises: ModelError: it cannot be opened, or breaks off while it is read; the message names the host.
    """
    host = urlsplit(url).hostname or url
    opener = urllib.request.build_opener(_HttpsOnly, _ShortTimeoutHandler)
    request = urllib.request.Request(url, headers={"User-Agent": f"deepvisualminer/{__version__}"})  # noqa: S310
    try:
        with opener.open(request, timeout=TIMEOUT_S) as response:
            yield response
    except urllib.error.HTTPError as error:
        raise ModelError(f"{host} answers {error.code} ({printable(str(error.reason))})") from None
    except _BROKEN as error:
        cause = getattr(error, "reason", error)
        said = str(getattr(cause, "strerror", None) or cause)
        reason = printable(" ".join(said.split())) or type(error).__name__
        raise ModelError(f"{host} cannot be reached, or broke off ({reason})") from None
