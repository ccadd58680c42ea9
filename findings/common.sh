# shellcheck shell=bash
# Sourced by every finding: enters a temporary folder, which is removed at the end, and defines the two functions below.
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
