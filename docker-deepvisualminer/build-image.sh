#!/usr/bin/env bash
# Lay out beside the Dockerfiles what they copy: the program, and the networks of your own. A second of work,
# nothing is downloaded; "docker build" fetches the rest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

program=shared/deepvisualminer
networks=shared/darkflow/cfg
wheels=shared/tensorflow

echo "Laying out the program in $program."
rm -rf "$program"
mkdir -p "$program" "$networks" "$wheels"
cp ../*.py ../*.yml ../requirements{,-embedding}.{in,txt} ../LICENSE "$program"
for package in ../*/__init__.py; do
    folder=$(basename "$(dirname "$package")")
    case $folder in
        tests | benchmarks) ;;
        *) cp -R "../$folder" "$program" ;;
    esac
done
find "$program" -name __pycache__ -prune -exec rm -rf {} +
# Every user id of a container must be able to read it, whatever the umask here is.
chmod -R u=rwX,go=rX "$program" "$networks"

shopt -s nullglob
for cfg in "$networks"/*.cfg; do
    if [[ -f ${cfg%.cfg}.weights ]]; then
        echo "Your network $(basename "$cfg" .cfg) goes into the image as /root/darkflow/cfg/$(basename "$cfg")."
    else
        echo "$cfg: has no $(basename "$cfg" .cfg).weights beside it; put it there, or remove the .cfg" >&2
        exit 1
    fi
done

echo "Done. Now build an image; the first time it takes 5 to 15 minutes and downloads about 1 GB:"
echo "  docker build -t deepvisualminer -f Dockerfile-stock-tensorflow ."
built=("$wheels"/tensorflow*.whl)
if [[ ${#built[@]} -gt 0 ]]; then
    echo "or, with $(basename "${built[0]}"):"
    echo "  docker build -t deepvisualminer-optimized -f Dockerfile-custom-tensorflow ."
fi
