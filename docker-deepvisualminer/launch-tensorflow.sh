#!/usr/bin/env bash
# Build an optimized TensorFlow in a container of its own; the wheel is put into ./shared/tensorflow.
# README.md says what it gives today. JOBS=N launch-tensorflow.sh: N compilers at once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

image=debian:trixie-slim
version=$(sed -n 's/^tensorflow[a-z-]*==\([0-9.]*\).*/\1/p' ../requirements.txt | head -n 1)
flags=$(sed -n "s/^CC_OPT_FLAGS='\(.*\)'.*/\1/p" build-tensorflow.sh)

if ! docker version > /dev/null 2>&1; then
    echo "launch-tensorflow.sh: no Docker engine answers; install or start it, or use sudo" >&2
    exit 1
fi

echo "This builds TensorFlow $version from source, with $flags (edit build-tensorflow.sh for others), in a"
echo "container of $image. It fetches about 3 GB, needs 60 GB of disk, and takes 1 to 2 hours on 32 cores,"
echo "8 hours or more on 4. Ctrl-C ends it; the container is removed then, and nothing is kept."
mkdir -p shared/tensorflow

exec docker run --rm --init \
    --volume "$PWD/build-tensorflow.sh:/build-tensorflow.sh:ro" \
    --volume "$PWD/shared/tensorflow:/wheels" \
    --env JOBS="${JOBS:-}" \
    "$image" bash /build-tensorflow.sh "$version" /wheels
