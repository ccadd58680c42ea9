"""Pages made of templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from starlette.responses import HTMLResponse, Response

from search.web.texts import TEXTS


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

    def message(self, headline: str, detail: str, status: int) -> Response:
        """A page with a sentence, and with details if there are some."""
        return self.page("message.html", status, headline=headline, detail=detail, query="")
