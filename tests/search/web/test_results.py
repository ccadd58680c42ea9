"""Pages of results: what is sent first, and the way from file to file."""

from __future__ import annotations

import asyncio
import html
import re
import threading
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from search.place import index_path
from search.sqlite import facets
from search.web import neighbours, searchpage
from search.web.app import make_app
from search.web.settings import Settings
from tests.running import PATIENCE_S
from tests.search.outputs import Output, label
from tests.search.web.conftest import Collection, run_apart


def test_results_are_sent_while_the_filters_are_counted(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counting does not begin to end before the browser has the pictures."""
    seen = threading.Event()

    def slow(*_: object) -> dict[str, Any]:
        assert seen.wait(PATIENCE_S)
        return searchpage.NO_FILTERS

    async def ask() -> None:
        async def receive() -> dict[str, str]:
            await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            if b'class="tile"' in message.get("body", b""):
                seen.set()

        path = {"path": "/", "raw_path": b"/", "query_string": b"q=dog", "root_path": ""}
        head = {"method": "GET", "scheme": "http", "headers": [(b"host", b"127.0.0.1")]}
        await make_app(collection.settings())({"type": "http", **path, **head}, receive, send)

    monkeypatch.setattr(searchpage, "search_filters", slow)
    run_apart(ask())
    assert seen.is_set()


def test_previous_and_next_lead_over_the_end_of_a_page(tmp_path: Path) -> None:
    output = Output(tmp_path)
    for number in range(searchpage.HITS + 5):
        output.photo(
            f"{number:03}.jpg", taken=f"2008-01-01T00:{59 - number % 60:02}:{60 - number // 60 - 1:02}"
        )
    output.index()
    settings = Settings(tmp_path, index_path(tmp_path), tmp_path / "thumbnails")
    with TestClient(make_app(settings), base_url="http://127.0.0.1:8765") as client:
        address, seen = re.findall(r'class="tile" href="([^"]*)"', client.get("/").text)[0], []
        for _ in range(searchpage.HITS + 5):
            text = client.get(html.unescape(address)).text
            seen.append(re.findall(r"<h1>(.*?)</h1>", text)[0])
            (address,) = re.findall(r'rel="next" href="([^"]*)"', text) or [""]
        assert len(set(seen)) == searchpage.HITS + 5
        assert address == ""
        for expected in reversed(seen[:-1]):
            (address,) = re.findall(r'rel="prev" href="([^"]*)"', text)
            text = client.get(html.unescape(address)).text
            assert re.findall(r"<h1>(.*?)</h1>", text) == [expected]


def test_all_pages_lead_back_to_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, and where files of one second or without a date are on the border of two."""
    monkeypatch.setattr(searchpage, "HITS", 2)
    monkeypatch.setattr(neighbours, "HITS", 2)
    output = Output(tmp_path)
    for number in range(70):
        taken = {"taken": f"2008-01-01T00:00:{number // 3:02}"} if number < 60 else {}
        output.photo(f"{number:02}.jpg", label("dog"), **taken)
    output.index()
    settings = Settings(tmp_path, index_path(tmp_path), tmp_path / "thumbnails")
    with TestClient(make_app(settings), base_url="http://127.0.0.1:8765") as client:
        for query in ("", "?q=dog", "?q=label:dog", "?q=jpg"):
            pages, address = [], f"/{query}"
            while address:
                text = client.get(html.unescape(address)).text
                pages.append(re.findall(r'alt="photo: dog, (.*?)"', text))
                (address,) = re.findall(r'rel="next" href="([^"]*)"', text) or [""]
            assert len(pages) == 35
            (opened,) = re.findall(r'class="tile" href="([^"]*)"', text)[:1]
            previous = client.get(html.unescape(opened)).text
            assert re.findall(r'rel="prev" href="([^"]*)"', previous)
            for expected in reversed(pages[:-1]):
                (address,) = re.findall(r'rel="prev" href="([^"]*)"', text)
                text = client.get(html.unescape(address)).text
                assert re.findall(r'alt="photo: dog, (.*?)"', text) == expected
            assert 'rel="prev"' not in text


def test_the_rail_has_all_years_of_a_result_that_is_counted_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facets, "MOST_FACETED", 3)
    output = Output(tmp_path)
    for year, photos in {2001: 2, 2003: 1, 2008: 2, 2009: 2}.items():
        for number in range(photos):
            output.photo(f"{year}-{number}.jpg", label("dog"), taken=f"{year}-01-01T00:00:0{number}")
    output.photo("cat.jpg", label("cat"), taken="2005-01-01T00:00:00")
    output.index()
    with output.open() as index:
        for query in ("label:dog", "dog", "jpg -cat"):
            years = searchpage.search_filters(index, query)["years"]
            shown = [(one.text, one.count) for one in years]
            assert shown == [("2009", "2"), ("2008", ""), ("2003", ""), ("2001", "")]
