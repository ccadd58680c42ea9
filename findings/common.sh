# shellcheck shell=bash
# Sourced by every finding: enters a temporary folder, which is removed at the end, and defines the functions below.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit

# venv NAME==VERSION ...: makes a venv that holds these packages; `python` runs in it from then on.
venv() {
    "${PYTHON:-python3}" -m venv venv
    PATH="$work/venv/bin:$PATH"
    pip install --quiet --disable-pip-version-check "$@"
}

# ffmpeg ARGUMENTS: the ffmpeg that the package imageio-ffmpeg ships, without its banner.
ffmpeg() {
    "$(python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')" -hide_banner -nostdin -y "$@"
}

# fetch_exiftool: gets exiftool 13.59 by npm; `exiftool` runs it.
fetch_exiftool() {
    if ! command -v npm > /dev/null || ! command -v perl > /dev/null; then
        echo "npm or perl is missing (Debian: apt-get install npm perl)." >&2
        exit 77
    fi
    npm pack --silent exiftool-vendored.pl@13.59.3 > /dev/null
    tar -xzf exiftool-vendored.pl-13.59.3.tgz
}
exiftool() { perl "$work/package/bin/exiftool" "$@"; }
