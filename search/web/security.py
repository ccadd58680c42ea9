"""Access control (Host header, token) and security headers of every response."""

from __future__ import annotations

import re
import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search.web.settings import LOOPBACK, Settings

_COOKIE = "deepvisualminer_token"
_HOST = re.compile(r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::[0-9]{1,5})?")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; script-src 'self'; "
    "style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """Middleware that refuses requests from other sites and without the token, and adds security headers.

    A page of another site can make a browser send requests to 127.0.0.1 under a host name of its own (DNS
    rebinding): the Host header tells them apart.

    Args:
        app: the application.
        settings: the address and the token.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._token = settings.token
        self._methods = ("GET", "HEAD", "POST") if settings.writable else ("GET", "HEAD")
        self._hosts = {settings.host.lower()} if settings.token else LOOPBACK | {settings.host.lower()}
        self._any_host = settings.token is not None and settings.host in ("0.0.0.0", "::")  # noqa: S104

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse one request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self._refusal(Request(scope))
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        """The response that refuses a request, or None if it may pass."""
        if not self._any_host and _host_name(request.headers.get("host", "")) not in self._hosts:
            return PlainTextResponse("This server does not answer under this host name.", 421)
        if request.method not in self._methods:
            return PlainTextResponse(f"This server only answers {', '.join(self._methods)}.", 405)
        return None if self._token is None else self._without_token(request, self._token)

    def _without_token(self, request: Request, token: str) -> Response | None:
        given = request.query_params.get("token")
        if given is not None and secrets.compare_digest(given.encode(), token.encode()):
            rest = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
            path = "/" + request.scope["path"].lstrip("/")  # "//name" would lead to another server
            answer = RedirectResponse(path + (f"?{urlencode(rest)}" if rest else ""), 303)
            answer.set_cookie(_COOKIE, token, httponly=True, samesite="strict")
            return answer
        if secrets.compare_digest(_cookie_of(request).encode(), token.encode()):
            return None
        return PlainTextResponse("Open the address that the server printed when it started.", 401)


def _host_name(header: str) -> str:
    """The name in a Host header, without port and brackets; empty if the header is malformed."""
    match = _HOST.fullmatch(header.lower())
    return "" if match is None else match["address"] or match["name"]


def _cookie_of(request: Request) -> str:
    try:
        cookies = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[_COOKIE].value if _COOKIE in cookies else ""
