#!/bin/bash
# The image's entry: a program of the image runs as it is; anything else are arguments of the miner.
#
#   docker run ... deepvisualminer bash
#   docker run ... deepvisualminer python3 /root/deepvisualminer/visualminer.py INPUT OUTPUT PIPELINE
#   docker run ... deepvisualminer facerec_train.py COMMAND ...
#   docker run ... deepvisualminer visualsearch.py COMMAND ...
#   docker run ... deepvisualminer INPUT OUTPUT [PIPELINE] [OPTIONS]
#
# It always ends in exec, so that signals of "docker stop" reach the program itself.
set -euo pipefail

home=/root/deepvisualminer

# Photos may carry the execute bit (FAT, SMB), so a path counts as a program only where programs live.
case ${1-} in
    visualminer.py | visualsearch.py | facerec_train.py | testimage.py) exec python3 "$home/$1" "${@:2}" ;;
    /bin/* | /sbin/* | /usr/* | /opt/venv/*) is_program=yes ;;
    -* | */* | '') is_program= ;;
    *) is_program=$(type -P -- "$1" || true) ;;
esac
if [[ -n $is_program ]]; then
    exec "$@"
fi

# INPUT and OUTPUT without PIPELINE: people.yml, which needs nothing but what is in this image.
if [[ $# -ge 2 && $1 != -* && $2 != -* && (-z ${3-} || $3 == -*) ]]; then
    set -- "$1" "$2" "$home/people.yml" "${@:3}"
fi
exec python3 "$home/visualminer.py" "$@"
