"""A family whose faces the tests draw, mined by the real program; its page can be written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pipeline.files.cachefolder import CACHE_VARIABLE, cache_folder
from search.indexing.indexing import update_index
from search.place import index_path
from search.web.app import make_app
from search.web.people.forms import TOKEN_FIELD
from search.web.people.grouping import group
from search.web.people.handlers import PeoplePages
from search.web.people.teaching import view_path
from search.web.settings import Settings, Writable
from tests.recognizers.minedcollection import FACES, draw, mine, names
from tests.running import PATIENCE_S, ROOT

PEOPLE = (9, 12, 14, 16)
"""All of them are in each photo, so that the groups cannot mix them."""
PHOTOS = 5


@dataclass(frozen=True)
class Family:
    """INPUT, OUTPUT, and where named faces, the model and the cache belong."""

    folder: Path

    @property
    def input(self) -> Path:
        """INPUT."""
        return self.folder / "photos"

    @property
    def output(self) -> Path:
        """OUTPUT."""
        return self.folder / "out"

    @property
    def faces(self) -> Path:
        """The user's folder of faces."""
        return self.folder / "faces"

    @property
    def log(self) -> Path:
        """The log of corrections."""
        return self.folder / "model-corrections" / "corrections.jsonl"

    def settings(self) -> Settings:
        """How a server of it is started."""
        writable = Writable(self.faces, self.folder / "p.yml", self.folder / "model", allow_plugins=True)
        cache = self.folder / "cache"
        output, thumbnails = self.output, cache / "thumbnails"
        return Settings(output, index_path(output), thumbnails, writable=writable, views=cache / "faces")

    def group(self) -> None:
        """Group the unknown faces, as the server does when it starts."""
        settings = self.settings()
        group(self.output, self.faces, self.folder / "model", view_path(settings), settings.thumbnails)

    def pictures_of(self, name: str) -> list[Path]:
        """The pictures in a person's folder."""
        return sorted((self.faces / name).glob("*.png"))


@pytest.fixture
def family(tmp_path: Path, sface: str) -> Family:
    """Photos with reports, index and groups; nobody has a name."""
    made = Family(tmp_path)
    for number in range(PHOTOS):
        draw(made.input, f"all{number}.png", list(PEOPLE), number)
    mine(made.folder, FACES, *names(made.folder / "model"))
    update_index(made.output, index_path(made.output))
    made.faces.mkdir()
    made.group()
    return made


class Desk:
    """Sends the forms of the pages, without a browser."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    @property
    def secret(self) -> str:
        """What the forms of the server's pages hold."""
        (secret, *_) = re.findall(rf'name="{TOKEN_FIELD}" value="([^"]+)"', self.client.get("/people").text)
        return str(secret)

    def send(self, status: int = 303, **fields: object) -> str:
        """Send a form; returns the text of the page that follows, or of the refusal."""
        answer = self.client.post(
            "/people/do", data={TOKEN_FIELD: self.secret} | fields, follow_redirects=False
        )
        assert answer.status_code == status, answer.text
        if status != 303:
            return answer.text
        return self.client.get(answer.headers["location"]).text

    def groups(self) -> dict[int, int]:
        """The groups with their numbers of faces, as the page shows them."""
        found = re.findall(r'href="/people/group/(\d+)">(\d+) face', self.client.get("/people").text)
        return {int(number): int(count) for number, count in found}

    def faces(self, number: int) -> list[str]:
        """The faces of a group."""
        text = self.client.get(f"/people/group/{number}").text
        return re.findall(r'name="face" value="([^"]+)"', text)

    def wait(self) -> dict[str, object]:
        """Wait until no job is at work; returns how it ended."""
        until = time.monotonic() + PATIENCE_S
        while (state := self.client.get("/people/job").json() or {}).get("running"):
            assert time.monotonic() < until, state
            time.sleep(0.05)
        return dict(state)


@pytest.fixture
def desk(family: Family, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The forms of a server of the family, whose groups are made already."""
    monkeypatch.setattr(PeoplePages, "begin", lambda _: None)
    with TestClient(make_app(family.settings()), base_url="http://127.0.0.1:8765") as client:
        yield Desk(client)


@pytest.fixture
def start_server(family: Family) -> Iterator[Callable[[], tuple[str, subprocess.Popen[str]]]]:
    """Starts the program `visualsearch.py serve --writable`; gives its address and its process."""
    started: list[subprocess.Popen[str]] = []
    cache = family.folder / "server-cache"
    cache.mkdir()
    (cache / "models").symlink_to(cache_folder() / "models")
    environment = {**os.environ, CACHE_VARIABLE: str(cache)}

    def start() -> tuple[str, subprocess.Popen[str]]:
        program = [sys.executable, str(ROOT / "visualsearch.py"), "serve", str(family.output), "--port", "0"]
        program += ["--writable", str(family.faces), "--pipeline", str(family.folder / "p.yml")]
        process = subprocess.Popen(
            [*program, "--allow-plugins"], stdout=subprocess.PIPE, env=environment, text=True
        )
        started.append(process)
        assert process.stdout is not None
        (address,) = re.findall(r"http://\S+/", process.stdout.readline())
        return address, process

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
