"""`serve OUTPUT`: the collection as a page in the browser."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import signal
import socket
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import ExitCode, UsageError
from pipeline.files.cachefolder import cache_folder
from pipeline.host.command import command, install_command
from search.commands.arguments import add_command, add_output
from search.place import index_path, output_folder

if TYPE_CHECKING:
    from search.web.settings import Writable

_PORT = 8765
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    parser = add_command(
        commands,
        "serve",
        run,
        short="search and view the collection in a browser",
        long="Serve a page that shows the photos and videos of a mined collection and what was found in "
        "them. Only this machine can open it, unless --host gives another address; a browser then needs the "
        "token that is printed. The photos and videos are only read.",
        example="serve ~/photos-mined --open",
    )
    add_output(parser)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1, this machine alone)"
    )
    parser.add_argument(
        "--port", type=_port, default=_PORT, help=f"port to listen on (default: {_PORT}; 0: any free one)"
    )
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        help="read the token from FILE instead of making one (at least 16 characters)",
    )
    parser.add_argument(
        "--writable",
        metavar="FACES",
        help="give people their names on the page: named faces are kept as pictures in FACES, in a folder "
        "for each person, from which the face model is trained; needs --pipeline",
    )
    parser.add_argument(
        "--pipeline",
        metavar="FILE",
        help="with --writable: the pipeline file with which OUTPUT was mined; its recognizer says which face "
        "model is trained",
    )
    parser.add_argument("--allow-plugins", action="store_true", help="with --pipeline: as for visualminer")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")


def run(options: argparse.Namespace) -> ExitCode:
    """Do what the subcommand says."""
    try:
        import uvicorn

        from search.web.app import make_app
        from search.web.settings import Settings
    except ModuleNotFoundError as error:
        wanted = install_command("web")
        raise UsageError(
            f"serve: needs the package {error.name}, which is not installed; type: {wanted}"
        ) from None

    output_root = output_folder(options.output)
    index = index_path(output_root, options.index)
    if not index.is_file():
        raise UsageError(
            f"serve: {output_root} has no index yet; type: {command('visualsearch')} index {output_root}"
        )
    writable = _writable(options)
    token = _token(options)
    listening = listening_socket(options.host, options.port)
    settings = Settings(
        output_root=output_root,
        index=index,
        thumbnails=cache_folder() / "thumbnails",
        host=options.host,
        port=listening.getsockname()[1],
        token=token,
        writable=writable,
        views=cache_folder() / "faces",
    )
    print(f"The collection is shown at {settings.url}", flush=True)
    print("Stop it with Ctrl-C.", flush=True)
    if options.open:
        webbrowser.open(settings.url)
    # uvicorn's access log would hold queries and the token; errors go to the program's own log.
    config = uvicorn.Config(make_app(settings), log_config=None, access_log=False, server_header=False)
    # uvicorn raises the signal that stopped it once more: SIGTERM, as from systemd, then ends like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with listening, contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])
    return ExitCode.OK


def _writable(options: argparse.Namespace) -> Writable | None:
    """What the pages may change: nothing without `--writable`.

    Raises: UsageError, PipelineFileError: the options do not say where named faces and the model belong.
    """
    if options.writable is None:
        if options.pipeline is not None:
            raise UsageError("serve: --pipeline is for --writable FACES")
        return None
    if options.pipeline is None:
        raise UsageError(
            "serve: --writable needs --pipeline FILE, the pipeline file of this OUTPUT, such as people.yml"
        )
    from pipeline.config.config import read_config
    from pipeline.files.outputs import check_writable
    from recognizers.recognizerparams import RecognizerParams
    from search.web.settings import Writable

    components = read_config(options.pipeline, allow_plugins=options.allow_plugins).components
    models = [one.params.model for one in components if isinstance(one.params, RecognizerParams)]
    if not models:
        raise UsageError(f"{options.pipeline}: has no recognizer, so no face gets a name; see people.yml")
    faces = Path(options.writable).absolute()
    if faces.exists() and not faces.is_dir():
        raise UsageError(f"{options.writable}: is not a folder")
    output = os.path.realpath(options.output)
    if os.path.commonpath([output, os.path.realpath(faces)]) == output:
        raise UsageError(f"{options.writable}: lies in OUTPUT; choose another folder for the faces")
    check_writable(faces)
    pipeline, model = Path(options.pipeline).absolute(), Path(models[0]).absolute()
    return Writable(faces, pipeline, model, allow_plugins=options.allow_plugins)


def _token(options: argparse.Namespace) -> str | None:
    """The token for an address that other machines can reach; None for this machine alone."""
    if options.token_file is not None:
        try:
            token = Path(options.token_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{options.token_file}: the token cannot be read ({error})") from None
        if len(token) < 16:
            raise UsageError(f"{options.token_file}: a token needs at least 16 characters")
        return token
    return None if options.host in _LOOPBACK else secrets.token_urlsafe(24)


def listening_socket(host: str, port: int) -> socket.socket:
    """Listen on an address, here and not in uvicorn, so that a port in use is reported in one sentence.

    Raises: UsageError: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only for sockets that name the protocol; else each answer on a
    # connection that stays open waits 40 ms for an acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise UsageError(
            f"serve: cannot listen on {host} port {port} ({error.strerror}); try --port"
        ) from None
    return listening


def _port(text: str) -> int:
    if not text.isdecimal() or not int(text) < 65536:
        raise argparse.ArgumentTypeError(f'expected a port from 0 to 65535, got "{text}"')
    return int(text)
