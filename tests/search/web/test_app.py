"""The server's answers, without a browser."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import threading
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from starlette.testclient import TestClient

from search.commands.serve import listening_socket
from search.web.app import make_app
from search.web.library import key_of
from search.web.picturepool import PicturePool
from tests.search.web.conftest import PHOTO_WH, Collection, run_apart


def picture(answer: httpx2.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    return Image.open(io.BytesIO(answer.content))


def test_the_results_of_a_search_are_links_to_files(client: TestClient) -> None:
    answer = client.get("/", params={"q": "dog"})
    assert "3 files" in answer.text
    assert answer.text.count('class="tile"') == 3
    assert "June 2008" in answer.text
    assert f"/file/{key_of(b'2008/dog1.jpg')}?q=dog" in answer.text


def test_every_answer_has_the_security_headers(client: TestClient) -> None:
    key = key_of(b"2008/dog0.jpg")
    for address in (
        "/",
        "/people",
        f"/file/{key}",
        f"/thumb/{key}",
        "/static/page.js",
        "/nothing",
        "/file/x",
    ):
        headers = client.get(address).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "127.0.0.1.evil.example", "", "127.0.0.2:8765", "[::2]"),
        *("localhost:@evil.example", "localhost:8765@evil.example", "[::1", "[::1]evil.example"),
    ],
)
def test_other_host_names_get_nothing(client: TestClient, host: str) -> None:
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "dog" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765", "LOCALHOST"])
def test_names_of_this_machine_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


def test_nothing_can_be_changed(client: TestClient) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert client.request(method, "/").status_code == 405


def test_on_another_address_a_token_is_needed(collection: Collection) -> None:
    settings = collection.settings(host="192.0.2.7", token="a-token-of-this-test")
    with TestClient(make_app(settings), base_url="http://192.0.2.7:8765") as client:
        assert client.get("/?q=dog").status_code == 401
        assert client.get("/?token=a-wrong-token-of-this").status_code == 401
        client.cookies.set("deepvisualminer_token", "a-wrong-one")
        assert client.get("/").status_code == 401
        client.cookies.clear()
        answer = client.get("/?q=dog&token=a-token-of-this-test", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/?q=dog")
        assert "3 files" in client.get("/?q=dog").text
        assert client.get("/", headers={"host": "127.0.0.1:8765"}).status_code == 421
        answer = client.get(
            "http://192.0.2.7:8765//evil.example/?token=a-token-of-this-test", follow_redirects=False
        )
        assert answer.headers["location"] == "/evil.example/"


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("10.0.0.2",) * 2])
def test_the_address_that_is_printed_can_be_opened_on_this_machine(
    collection: Collection, host: str, shown: str
) -> None:
    assert collection.settings(host=host, token="t").url == f"http://{shown}:8765/?token=t"


@pytest.mark.parametrize(
    "key",
    ["x", "..%2f..%2fetc%2fpasswd", "L2V0Yy9wYXNzd2Q", key_of(b"../out/secret"), key_of(b"2008"), "A" * 5000],
)
@pytest.mark.parametrize("kind", ["file", "thumb", "picture", "original", "annotated", "boxes"])
def test_only_files_of_the_index_are_shown(client: TestClient, kind: str, key: str) -> None:
    assert client.get(f"/{kind}/{key}").status_code == 404


def test_static_files_lead_nowhere_else(client: TestClient) -> None:
    for name in ("../app.py", "%2e%2e/app.py", "..%2fapp.py", "/etc/passwd"):
        assert client.get(f"/static/{name}").status_code in (400, 404)


@pytest.mark.parametrize("path", [b"2008/dog0.jpg", b"2009/deep.png"])
def test_thumbnails_and_pictures(client: TestClient, path: bytes) -> None:
    assert picture(client.get(f"/thumb/{key_of(path)}")).size == (400, 300)
    shown = client.get(f"/picture/{key_of(path)}")
    assert picture(shown).size == PHOTO_WH
    again = client.get(f"/picture/{key_of(path)}", headers={"if-none-match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_thumbnail_of_a_video_and_its_frames(client: TestClient) -> None:
    assert picture(client.get(f"/thumb/{key_of(b'old.avi')}")).size == (160, 96)
    early = picture(client.get(f"/frame/{key_of(b'play.mp4')}/1000")).tobytes()
    late = picture(client.get(f"/frame/{key_of(b'play.mp4')}/5000")).tobytes()
    assert early != late
    assert client.get(f"/frame/{key_of(b'play.mp4')}/99000").status_code == 404
    assert client.get(f"/frame/{key_of(b'2008/dog0.jpg')}/0").status_code == 404


@pytest.mark.parametrize("time", ["-1", "1.5", "9" * 400, "9" * 5000, "%D9%A3"])
def test_a_time_that_is_none_has_no_frame(client: TestClient, time: str) -> None:
    assert client.get(f"/frame/{key_of(b'play.mp4')}/{time}").status_code == 404


@pytest.mark.parametrize("after", ["zzzz", "1", "9" * 30 + ":1", "1:" + "9" * 5000, "\x00", "1:2:3"])
def test_a_page_of_results_that_is_none_is_a_sentence(client: TestClient, after: str) -> None:
    for address in ("/", f"/file/{key_of(b'2008/dog0.jpg')}"):
        answer = client.get(address, params={"q": "dog", "after": after})
        assert answer.status_code == 400
        assert "no such page of results" in answer.text


def test_a_person_has_a_face(client: TestClient) -> None:
    assert "Anna" in client.get("/people").text
    width, height = picture(client.get("/face", params={"name": "Anna"})).size
    assert width == height <= 160
    assert client.get("/face", params={"name": "Nobody"}).status_code == 404


def test_originals_come_in_ranges(client: TestClient, collection: Collection) -> None:
    whole = (collection.input / "play.mp4").read_bytes()
    address = f"/original/{key_of(b'play.mp4')}"
    part = client.get(address, headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    assert client.get(address, headers={"range": "bytes=-10"}).content == whole[-10:]
    assert client.get(address, headers={"range": f"bytes={len(whole)}-"}).status_code == 416
    assert client.get(address).content == whole
    assert client.get(address).headers["content-type"] == "video/mp4"
    assert client.get(f"/original/{key_of(b'old.avi')}").status_code == 404  # no browser plays it


@pytest.mark.parametrize("replacement", ["text", "link", "pipe", "folder", "loop"])
def test_only_photos_and_videos_are_sent(
    client: TestClient, collection: Collection, tmp_path: Path, replacement: str
) -> None:
    photo = collection.input / "2008" / "dog1.jpg"
    kept = photo.rename(tmp_path / "kept.jpg")
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    try:
        match replacement:
            case "text":
                photo.write_text("the secret")
            case "link":
                photo.symlink_to(secret)
            case "pipe":
                os.mkfifo(photo)
            case "folder":
                photo.mkdir()
            case "loop":
                photo.symlink_to(photo)
        key = key_of(b"2008/dog1.jpg")
        for kind in ("original", "picture"):
            answer = client.get(f"/{kind}/{key}")
            assert (answer.status_code, "secret" in answer.text) == (404, False)
        assert f"/original/{key}" not in client.get(f"/file/{key}").text
    finally:
        photo.rmdir() if replacement == "folder" else photo.unlink()
        kept.rename(photo)


def test_a_photo_that_was_converted_is_sent_as_what_it_is(client: TestClient, collection: Collection) -> None:
    photo = collection.input / "2008" / "dog1.jpg"
    content = photo.read_bytes()
    try:
        Image.new("RGB", PHOTO_WH).save(photo, "PNG")
        assert client.get(f"/original/{key_of(b'2008/dog1.jpg')}").headers["content-type"] == "image/png"
    finally:
        photo.write_bytes(content)


def test_a_file_that_is_gone_is_said(client: TestClient) -> None:
    key = key_of(b"gone.jpg")
    shown = client.get(f"/file/{key}")
    assert shown.status_code == 200
    assert "no longer there" in shown.text
    assert "/original/" not in shown.text
    assert "<img" not in shown.text
    for kind in ("thumb", "picture", "original"):
        assert client.get(f"/{kind}/{key}").status_code == 404


def test_words_from_files_are_never_markup(client: TestClient) -> None:
    for address in ("/", "/?q=script", "/?q=%3Cscript%3Ealert(1)%3C/script%3E"):
        text = client.get(address).text
        assert "<script>alert" not in text
        assert "\x1b" not in text


def test_completion(client: TestClient) -> None:
    answers = client.get("/complete", params={"q": "taken:2008 -do"}).json()
    assert {"query": "taken:2008 -label:dog ", "text": "label:dog", "count": "3"} in answers
    assert client.get("/complete", params={"q": "name:an"}).json()[0]["text"] == "name:Anna"
    assert client.get("/complete", params={"q": "zzz"}).json() == []
    assert client.get("/complete", params={"q": ""}).json() == []


def test_tags_are_links_and_completed(client: TestClient) -> None:
    text = client.get(f"/file/{key_of(b'2008/dog1.jpg')}").text
    assert '<a href="/?q=tag%3ARome">Rome</a>' in text
    assert "At the &lt;lake&gt;" in text
    assert "<dd>rejected</dd>" in text
    found = client.get("/?q=tag:rome").text
    assert "3 files" in found
    assert 'href="/?q=tag%3Arome+tag%3APlaces"' in found, "the tags are offered as filters"
    assert client.get("/complete", params={"q": "tag:ro"}).json()[0]["text"] == "tag:Rome"


def test_boxes_of_a_video_at_a_time(client: TestClient) -> None:
    address = f"/boxes/{key_of(b'play.mp4')}"
    shown = client.get(address, params={"t": "5.1"}).json()
    assert shown["time"] == 5.0
    assert shown["boxes"][0]["rect"] == [10, 20, 60, 90]
    assert client.get(address, params={"t": "1"}).json()["boxes"] == []
    assert client.get(address, params={"t": "nan"}).json()["time"] == 0.0


def test_neighbours_are_those_of_the_results(client: TestClient) -> None:
    text = client.get(f"/file/{key_of(b'2008/dog1.jpg')}", params={"q": "dog"}).text
    assert f'rel="prev" href="/file/{key_of(b"2008/dog2.jpg")}?q=dog"' in text
    assert f'rel="next" href="/file/{key_of(b"2008/dog0.jpg")}?q=dog"' in text


def test_no_index_is_a_sentence(collection: Collection, tmp_path: Path) -> None:
    settings = collection.settings()
    gone = type(settings)(settings.output_root, tmp_path / "none", settings.thumbnails)
    with TestClient(make_app(gone), base_url="http://127.0.0.1:8765") as client:
        answer = client.get("/")
        assert answer.status_code == 503
        assert "visualsearch.py index" in answer.text or "visualsearch index" in answer.text


def test_answers_on_an_open_connection_do_not_wait() -> None:
    """The server sends the parts of an answer at once, without Nagle's algorithm."""

    async def accepted() -> int:
        option: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            option.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listening = listening_socket("127.0.0.1", 0)
        async with await asyncio.start_server(note, sock=listening):
            await asyncio.open_connection(*listening.getsockname())
            return await option

    assert run_apart(accepted()) != 0


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_an_index_that_is_damaged_while_the_server_runs_is_a_sentence(
    client: TestClient, collection: Collection, damage: bytes | None
) -> None:
    assert client.get("/?q=dog").status_code == 200
    path = collection.settings().index
    content = path.read_bytes()
    damaged = path.with_name("damaged")
    damaged.write_bytes(content[: len(content) // 2] if damage is None else damage)
    try:
        damaged.replace(path)
        for address in ("/?q=dog", "/people", f"/file/{key_of(b'2008/dog0.jpg')}"):
            answer = client.get(address)
            assert answer.status_code == 503
            assert "make it again" in answer.text
    finally:
        damaged.write_bytes(content)
        damaged.replace(path)
    assert client.get("/?q=dog").status_code == 200


def test_a_replaced_index_is_read_again(client: TestClient, collection: Collection) -> None:
    assert "3 files" in client.get("/?q=dog").text
    path = collection.settings().index
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    assert "3 files" in client.get("/?q=dog").text


def test_slow_pictures_keep_no_page_waiting(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, enough = threading.Semaphore(0), asyncio.Event()

    async def slow(self: PicturePool, *_: object) -> bytes:
        waiting.release()
        await enough.wait()
        return b""

    monkeypatch.setattr(PicturePool, "run", slow)

    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(make_app(collection.settings()))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
            frames = [f"/frame/{key_of(b'play.mp4')}/{number}" for number in range(100)]
            pictures = [asyncio.create_task(client.get(address)) for address in frames]
            for _ in frames:
                await asyncio.to_thread(waiting.acquire)
            page = await client.get("/?q=dog")
            enough.set()
            await asyncio.gather(*pictures)
        return page

    assert "3 files" in run_apart(ask()).text
