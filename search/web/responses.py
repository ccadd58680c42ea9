"""Answers and parameters that several handlers share."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from search.web.texts import TEXTS

SHORTLY = "private, max-age=300"
"""The Cache-Control of pictures: the browser keeps them for five minutes, then asks whether they changed."""
_MOST_QUERY_CHARS = 1_000


def query_of(request: Request, name: str = "q") -> str:
    """A text parameter of an address, cut off at a bound; empty if there is none."""
    return request.query_params.get(name, "")[:_MOST_QUERY_CHARS]


def jpeg(request: Request, content: bytes | None, media_type: str = "image/jpeg") -> Response:
    """A picture; 304 if the browser has it, 404 if there is none."""
    if content is None:
        return PlainTextResponse(TEXTS["picture_failed"], 404, {"Cache-Control": "no-store"})
    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": SHORTLY}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
