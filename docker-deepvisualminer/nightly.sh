#!/bin/bash
# Mine every night, in a container that stays up: nightly HH:MM INPUT OUTPUT [PIPELINE] [OPTIONS]
#
# The time is that of the variable TZ (default: UTC). What the miner says goes to the container's log, and
# its exit code with it. "docker stop" ends a running mining cleanly.
set -euo pipefail

fail() {
    printf 'nightly: %s\n' "$1" >&2
    exit 2
}

[[ $# -ge 3 ]] || fail 'too few arguments; type: nightly HH:MM INPUT OUTPUT [PIPELINE] [OPTIONS]'
at=$1
shift
[[ $at =~ ^([01][0-9]|2[0-3]):[0-5][0-9]$ ]] || fail "$at: is no time of day; give hours and minutes, like 02:30"

say() {
    printf '%(%Y-%m-%d %H:%M:%S)T nightly: %s\n' -1 "$1"
}

child=
stop() {
    trap '' TERM INT
    if [[ -n $child ]]; then
        kill -TERM "$child" 2> /dev/null || true
        wait "$child" || true
    fi
    say 'stopped'
    exit 143
}
trap stop TERM INT

# In the background, because bash runs no trap while it waits for a program in the foreground.
run() {
    "$@" &
    child=$!
    local code=0
    wait "$child" || code=$?
    child=
    return "$code"
}

while true; do
    printf -v now '%(%s)T' -1
    next=$(date --date "today $at" +%s)
    ((next > now)) || next=$(date --date "tomorrow $at" +%s)
    say "the next mining starts at $(date --date "@$next" '+%Y-%m-%d %H:%M %Z')"
    # Short sleeps: the clock may be set, the machine may be suspended.
    while ((now < next)); do
        run sleep "$((next - now < 60 ? next - now : 60))" || true
        printf -v now '%(%s)T' -1
    done
    code=0
    run deepvisualminer "$@" || code=$?
    say "the miner ended with exit code $code"
done
