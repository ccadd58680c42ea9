#!/usr/bin/env bash
# `import openvino` alone gives the user an id, in the home folder, and sends an event to an analytics service.
#
# Guess:    importing an inference engine opens no connection and writes nothing; telemetry, if there is any, is a
#           matter of its command line tools, and asks first.
# Real:     the import runs openvino.tools.ovc, which writes ~/intel/openvino_ga_cid, a random id, and sends the event
#           "import" over https, without a question. It does so through the package openvino-telemetry, which pip
#           installs with it. If that package cannot be imported, the engine works and the import does neither.
# Versions: openvino 2026.4.1, openvino-telemetry 2025.2.0.
# Matters:  a program that promises to send nothing has to keep the package from being imported, before whatever
#           imports openvino first. (Here a proxy of the script's own takes the event, so that it goes nowhere.)
#
# Seen (files in an empty home folder, and what the proxy is asked for):
#   import openvino                                         intel/openvino_ga_cid intel/stats; CONNECT to port 443
#   sys.modules["openvino_telemetry"] = None, then import   (none); nothing
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
if [[ $(uname -s) != Linux ]]; then
    echo "This finding is of the Linux wheel." >&2
    exit 77
fi
venv openvino==2026.4.1 openvino-telemetry==2025.2.0 numpy==2.4.6

cat > proxy.py << 'END'
"""Runs a command whose https goes to a proxy that connects to nothing; prints what the proxy was asked for."""
import os, socket, subprocess, sys, threading

listener = socket.create_server(("127.0.0.1", 0))
asked = []


def answer():
    while True:
        connection, _ = listener.accept()
        asked.append(connection.recv(1000).split(b"\r\n")[0].decode())
        connection.close()


threading.Thread(target=answer, daemon=True).start()
address = f"http://127.0.0.1:{listener.getsockname()[1]}"
environment = {"HOME": sys.argv[1], "PATH": os.environ["PATH"], "https_proxy": address, "http_proxy": address}
script = sys.argv[2] + "\nimport openvino, time\nassert openvino.Core().available_devices\ntime.sleep(3)"
subprocess.run([sys.executable, "-c", script], env=environment, check=True)
print(" ".join(sorted({line.split()[0] + " " + line.split(":")[-1].split()[0] for line in asked})))
END

mkdir home quiet
files() { (cd "$1" && find . -type f -printf '%P\n' | sort | xargs); }
sent=$(python proxy.py "$work/home" "")
written=$(files home)
silent=$(python proxy.py "$work/quiet" 'import sys; sys.modules["openvino_telemetry"] = None')
left=$(files quiet)
echo "import openvino                                         $written; ${sent:-nothing}"
echo "sys.modules[\"openvino_telemetry\"] = None, then import   ${left:-(none)}; ${silent:-nothing}"
if [[ $written != *intel/openvino_ga_cid* || $sent != "CONNECT 443" ]]; then
    echo "importing openvino no longer leaves an id and sends an event." >&2
    exit 1
fi
if [[ -n $left || -n $silent ]]; then
    echo "without its telemetry package, importing openvino is no longer silent." >&2
    exit 1
fi
