"""Forms that change something: only from this server's own pages, and bounded."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request

_MOST_BYTES = 4 << 20
_MOST_FIELDS = 50_000
_NO_ORIGIN = "null"
"""What browsers send in place of an origin, because the pages ask for no referrer."""
TOKEN_FIELD = "form"  # noqa: S105


class FormError(Exception):
    """A form that is refused.

    Args:
        status: of the answer.
        sentence: what is wrong, and what to do.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Forms:
    """Reads forms of this server's pages, and refuses those of other sites.

    A page of another site can make a browser send a form. It cannot read this server's pages, so it does not
    know the secret that they hold. Browsers also say which page a form is from.
    """

    def __init__(self) -> None:
        self.secret = secrets.token_urlsafe(24)

    async def read(self, request: Request) -> dict[str, list[str]]:
        """The fields of a form.

        Raises: FormError: it comes from elsewhere, is too large, or is not a form.
        """
        if _is_from_elsewhere(request):
            raise FormError(403, "This form was sent by a page of another site.")
        content_type = request.headers.get("content-type", "").partition(";")[0].strip()
        if content_type != "application/x-www-form-urlencoded":
            raise FormError(415, "This is not a form.")
        content = b""
        async for chunk in request.stream():
            content += chunk
            if len(content) > _MOST_BYTES:
                raise FormError(413, "This form is too large.")
        try:
            fields = parse_qs(content.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            raise FormError(400, "This is not a form.") from None
        given = fields.get(TOKEN_FIELD, [""])[0]
        if not secrets.compare_digest(given.encode(), self.secret.encode()):
            raise FormError(403, "The server was started again since this page was loaded. Load it again.")
        return fields


def _is_from_elsewhere(request: Request) -> bool:
    """Whether the browser says that the page which sent a request is of another site.

    Old browsers, and those on plain HTTP, do not say it; a proxy may change Host, but not what they say.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site != "same-origin"
    origin = request.headers.get("origin", _NO_ORIGIN)
    return origin != _NO_ORIGIN and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()
