"""Requests that are meant to break the server, to read other files or to use up its memory."""

from __future__ import annotations

import http.client
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlsplit

import psutil
import pytest
from starlette.testclient import TestClient

from search.web.library import key_of
from tests.search.web.conftest import Collection

VIDEO = key_of(b"play.mp4")
ROUTES = ("file", "thumb", "picture", "original", "annotated", "boxes", "static", "frame", "face", "people")
EVIL = (
    *(
        "../../../../etc/passwd",
        "..%2f..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "%00",
        "%ff",
        "..\\..\\etc\\passwd",
    ),
    *(
        key_of(b"/etc/passwd"),
        key_of(b"../../../../etc/passwd"),
        key_of(b"\0"),
        "A" * 5000,
        "=",
        "nan",
        "1e999",
    ),
)
_GROWTH_BYTES = 16 << 20


@pytest.mark.parametrize("route", ROUTES)
def test_no_parameter_leads_to_another_file(client: TestClient, route: str) -> None:
    for evil in EVIL:
        for address in (
            f"/{route}/{evil}",
            f"/{route}/{VIDEO}/{evil}",
            f"/{route}/{evil}/1000",
            f"/{route}/{VIDEO}?t={evil}&q={evil}&after={evil}",
            f"/{route}?name={evil}&face={evil}&after={evil}",
        ):
            answer = client.get(quote(address, safe="/%?&=-+:.\\"))
            assert answer.status_code < 500, address
            assert b"root:" not in answer.content, address
            assert "content-security-policy" in answer.headers, address


@pytest.mark.parametrize(
    "query",
    [
        *(
            '"',
            "(" * 5000,
            "OR OR",
            "-" * 3000,
            "x OR " * 4000,
            "a" * 20_000,
            'label:"',
            "\0",
            "name:*",
            "%",
            "_",
        ),
        *("taken:99999", "near:nan,1,1km", "rating>=" + "9" * 30, "999999999:x", "\u202e" * 500),
        "<script>alert(1)</script>",
    ],
)
def test_no_query_breaks_a_page(client: TestClient, query: str) -> None:
    for address in ("/?q=", "/complete?q=", f"/file/{VIDEO}?q="):
        answer = client.get(address + quote(query))
        assert answer.status_code < 500
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    "wanted",
    [
        *("bytes=0-999999999999", f"bytes=-{10**30}", "bytes=5-2", "bytes=a-b", "lines=0-1", "bytes=--1"),
        *("bytes=" + ",".join(f"{at}-{at + 1}" for at in range(0, 4000, 2)), "bytes=" + "0-," * 2000 + "0-"),
    ],
)
def test_no_range_sends_more_than_the_file(client: TestClient, collection: Collection, wanted: str) -> None:
    size = (collection.input / "play.mp4").stat().st_size
    answer = client.get(f"/original/{VIDEO}", headers={"range": wanted})
    assert answer.status_code in (200, 206, 400, 416)
    assert len(answer.content) <= 2 * size


def test_a_hundred_at_once_and_thousands_in_a_row_keep_memory_flat(server: str) -> None:
    address = urlsplit(server)
    photo = key_of(b"2008/dog0.jpg")
    paths = ("/?q=dog", f"/thumb/{photo}", f"/file/{photo}", f"/boxes/{VIDEO}?t=4", f"/original/{VIDEO}")

    def ask(count: int) -> None:
        connection = http.client.HTTPConnection(str(address.hostname), address.port)
        for number in range(count):
            connection.request("GET", paths[number % len(paths)])
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
        connection.close()

    with ThreadPoolExecutor(100) as threads:
        list(threads.map(ask, [5] * 100))
    (process,) = [
        one
        for one in psutil.Process().children()
        if any(each.laddr.port == address.port for each in one.net_connections())
    ]
    before = process.memory_info().rss
    ask(3000)
    assert process.memory_info().rss < before + _GROWTH_BYTES
