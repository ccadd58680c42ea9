"""Pages made of templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jinja2
from starlette.responses import HTMLResponse, Response, StreamingResponse

from search.web.texts import TEXTS

FLUSH = "<!--flush-->"
"""Where a template lets the browser show what it has."""


class Renderer:
    """Makes pages. Everything that is shown is escaped; a name that a template lacks is an error."""

    def __init__(self) -> None:
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
        )
        self._templates.globals["t"] = TEXTS

    def page(self, template: str, status: int = 200, **shown: Any) -> Response:
        """A page.

        Args:
            template: its file.
            status: of the answer.
            shown: the values by the names that the template uses.
        """
        return HTMLResponse(self._templates.get_template(template).render(shown), status)

    def page_in_parts(self, template: str, **shown: Any) -> Response:
        """A page that is sent up to each `FLUSH` while the template goes on with what takes longer.

        Args:
            template: its file.
            shown: as for `page`; functions among them are called when the template needs what they give.
        """
        pieces = self._templates.get_template(template).generate(shown)
        return StreamingResponse(_parts(pieces), media_type="text/html")

    def message(self, headline: str, detail: str, status: int) -> Response:
        """A page with a sentence, and with details if there are some."""
        return self.page("message.html", status, headline=headline, detail=detail, query="")


def _parts(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces of a page, joined up to each `FLUSH`."""
    waiting: list[str] = []
    for piece in pieces:
        waiting.append(piece)
        if FLUSH in piece:
            yield "".join(waiting)
            waiting = []
    yield "".join(waiting)
