#!/usr/bin/env bash
# `import onnxruntime` alone gives the user an id, in a file in the home folder.
#
# Guess:    ONNX Runtime's telemetry is a matter of its Windows builds; the Linux wheel of the package index has
#           none, and an import writes nothing.
# Real:     the Linux wheel writes ~/.cache/Microsoft/DeveloperTools/.onnxruntime/deviceid, a random UUID that stays
#           the same, and a database of events beside it, before any session is made. With ORT_DISABLE_TELEMETRY=1
#           in the environment before the import it does not.
# Versions: onnxruntime 1.32.0 for Linux.
# Matters:  a program that promises to send nothing has to set the variable itself, and before whatever imports it
#           first. (This script imports onnxruntime as it is, twice, with an empty home folder.)
#
# Seen (files in an empty home folder after the import; the second import finds the same id):
#   import onnxruntime                            deviceid onnxruntime.db
#   again                                         same id
#   ORT_DISABLE_TELEMETRY=1, import onnxruntime   (none)
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
if [[ $(uname -s) != Linux ]]; then
    echo "This finding is of the Linux wheel." >&2
    exit 77
fi
venv onnxruntime==1.32.0 numpy==2.4.6

unset ORT_DISABLE_TELEMETRY XDG_CACHE_HOME
mkdir home quiet
files() { find "$1" -type f ! -name '*-wal' ! -name '*-shm' ! -name '*-journal' -printf '%f\n' | sort | xargs; }
id() { find home -name deviceid -exec cat {} +; }

HOME=$work/home python -c "import onnxruntime"
first=$(id)
written=$(files home)
HOME=$work/home python -c "import onnxruntime"
if [[ $(id) == "$first" ]]; then again="same id"; else again="another id"; fi
HOME=$work/quiet ORT_DISABLE_TELEMETRY=1 python -c "import onnxruntime"
silent=$(files quiet)
echo "import onnxruntime                            $written"
echo "again                                         $again"
echo "ORT_DISABLE_TELEMETRY=1, import onnxruntime   ${silent:-(none)}"
if [[ $written != "deviceid onnxruntime.db" || ! $first =~ ^[0-9a-f]{8}-[0-9a-f-]{27}$ || $again != "same id" ]]; then
    echo "importing onnxruntime no longer leaves an id in the home folder." >&2
    exit 1
fi
if [[ -n $silent ]]; then
    echo "ORT_DISABLE_TELEMETRY=1 no longer keeps the home folder empty." >&2
    exit 1
fi
