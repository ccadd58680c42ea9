"""`serve OUTPUT`: the collection as a page in the browser."""

from __future__ import annotations

import argparse
import contextlib
import secrets
import socket
import webbrowser
from pathlib import Path
from typing import Any

from pipeline.errors import ExitCode, UsageError
from pipeline.files.cachefolder import cache_folder
from pipeline.host.command import command, install_command
from search.commands.arguments import add_command, add_output
from search.place import index_path, output_folder

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
    token = _token(options)
    listening = _listening_socket(options.host, options.port)
    settings = Settings(
        output_root=output_root,
        index=index,
        thumbnails=cache_folder() / "thumbnails",
        host=options.host,
        port=listening.getsockname()[1],
        token=token,
    )
    print(f"The collection is shown at {settings.url}", flush=True)
    print("Stop it with Ctrl-C.", flush=True)
    if options.open:
        webbrowser.open(settings.url)
    # uvicorn's access log would hold queries and the token; errors go to the program's own log.
    config = uvicorn.Config(make_app(settings), log_config=None, access_log=False, server_header=False)
    with listening, contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how a server is stopped
        uvicorn.Server(config).run(sockets=[listening])
    return ExitCode.OK


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


def _listening_socket(host: str, port: int) -> socket.socket:
    """Listen on an address, here and not in uvicorn, so that a port in use is reported in one sentence.

    Raises: UsageError: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
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
