#!/usr/bin/env bash
# A server of uvicorn on a socket that was bound beforehand waits 40 ms with each answer on a connection that stays open.
#
# Guess:    a server that is given a bound socket (`--workers`, `--reload`, `Server.run(sockets=...)`) answers as fast
#           as one that binds the address itself.
# Real:     asyncio switches Nagle's algorithm off only for sockets whose protocol number is IPPROTO_TCP. A socket that
#           `socket.socket(AF_INET, SOCK_STREAM)` makes has the number 0, also the one of `uvicorn.Config.bind_socket`,
#           and accepted connections inherit it. Head and body of an answer are two writes, and the second waits for
#           the client's delayed acknowledgement of the first.
# Versions: uvicorn 0.54.0 on asyncio of CPython 3.11 (uvloop always switches it off).
# Matters:  a page of sixty thumbnails that come over six connections takes half a second longer, on loopback too.
#
# Seen (TCP_NODELAY of an accepted connection; milliseconds for an answer after the first one):
#   host and port              1    0
#   Config.bind_socket()       0   44
#   made with IPPROTO_TCP      1    0
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv uvicorn==0.54.0

python - <<'PY'
import http.client
import socket
import sys
import threading
import time

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

ANSWERS = 20


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2000")]})
    await send({"type": "http.response.body", "body": bytes(2000)})


def seen(make_socket):
    """TCP_NODELAY of a connection to a server, and the median time of its answers in milliseconds."""
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None, loop="asyncio", http="h11")
    listening = make_socket(config)
    options = []

    class Protocol(H11Protocol):
        def connection_made(self, transport):
            connection = transport.get_extra_info("socket")
            options.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            super().connection_made(transport)

    config.http = Protocol
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening] if listening else None})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    client, times = http.client.HTTPConnection("127.0.0.1", port), []
    for _ in range(ANSWERS):
        begun = time.perf_counter()
        client.request("GET", "/")
        client.getresponse().read()
        times.append(time.perf_counter() - begun)
    client.close()
    server.should_exit = True
    thread.join()
    return options[0], round(1000 * sorted(times)[ANSWERS // 2])


def with_protocol(config):
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.bind(("127.0.0.1", 0))
    return made


kinds = {
    "host and port": lambda config: None,
    "Config.bind_socket()": lambda config: config.bind_socket(),
    "made with IPPROTO_TCP": with_protocol,
}
found = {name: seen(make) for name, make in kinds.items()}
for name, (option, milliseconds) in found.items():
    print(f"{name:24} {int(option != 0):3} {milliseconds:4}")
if [option != 0 for option, _ in found.values()] != [True, False, True]:
    sys.exit("asyncio now switches Nagle's algorithm off for sockets of any protocol number.")
PY
