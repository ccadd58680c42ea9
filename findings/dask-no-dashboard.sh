#!/usr/bin/env bash
# A Dask scheduler with mutual TLS and without a dashboard tells its state over plain HTTP, on all interfaces.
#
# Guess:    require_encryption=True and dashboard=False (--no-dashboard) leave one port, which asks for a
#           certificate.
# Real:     scheduler and worker each open a second port on 0.0.0.0 for HTTP. Without a certificate, and without
#           bokeh being installed, the scheduler answers /json/identity.json with the addresses, names and resources
#           of all workers, and /info/main/workers.html with a page. What answers is decided by
#           distributed.scheduler.http.routes and distributed.worker.http.routes, where by dashboard_address.
# Versions: distributed 2026.8.0, cryptography 50.0.2.
# Matters:  a cluster that is closed by certificates shows all others on its network which machines it has.
#
# Seen:
#   dashboard=False  0.0.0.0    /health: 200   /json/identity.json: 200, 1 workers
#   routes: []       127.0.0.1  /health: 404   /json/identity.json: 404, 0 workers
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv distributed==2026.8.0 cryptography==50.0.2

python - <<'PY'
import asyncio
import json
import logging
import urllib.error
import urllib.request

import dask
from distributed import Scheduler, Security, Worker

logging.disable(logging.ERROR)


def ask(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


async def state(**where):
    """Where the scheduler listens for HTTP, and what it answers without a certificate."""
    security = Security.temporary()
    options = {"security": security, "dashboard": False, **where}
    async with Scheduler(host="tls://", protocol="tls", port=0, **options) as scheduler:
        async with Worker(scheduler.address, **options):
            server = scheduler.http_server
            health, _ = await asyncio.to_thread(ask, server.port, "/health")
            identity, content = await asyncio.to_thread(ask, server.port, "/json/identity.json")
            workers = len(json.loads(content)["workers"]) if content else 0
            return server.address, health, identity, workers


def main():
    default = asyncio.run(state())
    with dask.config.set({"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []}):
        closed = asyncio.run(state(dashboard_address="127.0.0.1:0"))
    for words, (address, health, identity, workers) in (("dashboard=False", default), ("routes: []", closed)):
        print(f"{words:16} {address:10} /health: {health}   /json/identity.json: {identity}, {workers} workers")
    expected = ("0.0.0.0", 200, 200, 1), ("127.0.0.1", 404, 404, 0)
    assert (default, closed) == expected, f"changed: {(default, closed)}"


main()
PY
