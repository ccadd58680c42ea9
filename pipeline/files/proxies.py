"""Small copies and thumbnails that cameras write beside a video, recognized by their names.

Sources: GoPro, "Camera File Naming Convention" (`GX010123.MP4`, its proxy `GL010123.LRV`, its thumbnail
`GX010123.THM`; older ones `GOPR0123.MP4`, `GOPR0123.LRV`); DJI (`DJI_0001.LRF`), Garmin (`VIRB0001.GLV`) and
Insta360 (`LRV_20240102_030405_11_001.lrv` beside `VID_20240102_030405_00_001.insv`) as their cameras write
them; Sony, XAVC (`SUB/C0001S03.MP4` of `CLIP/C0001.MP4`); `_Proxy` is the ending of editing programs and of
Canon's cameras.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_VIDEO_ENDINGS = (".mp4", ".mov", ".avi", ".mts", ".m4v", ".mkv", ".360", ".insv")
_GOPRO_PROXY = re.compile(r"gl(?=\d{6}\.lrv$)")
_GOPRO_ORIGINALS = ("gx", "gh", "gs")
_INSTA360_PROXY = re.compile(r"lrv_(\d{8}_\d{6})_\d\d_(\d{3})\.(?:lrv|insv|mp4)$")
_OTHER_PROXIES = (
    re.compile(r"(.+)\.(?:lrv|lrf|glv|thm)$"),
    re.compile(r"(c\d{4})s03\.mp4$"),
    re.compile(r"(.+)_proxy\.(?:mp4|mov|m4v)$"),
)

_PROXY_ENDINGS = (".lrv", ".lrf", ".glv", ".thm", "s03.mp4", "_proxy.mp4", "_proxy.mov", "_proxy.m4v")


class Proxies:
    """Which files of a folder are proxies of others in it.

    Args:
        names: of all files of the folder.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {name.lower(): name for name in names}

    def original_of(self, name: str) -> str | None:
        """The video in this folder that a file is a small copy or a thumbnail of; None if there is none."""
        lower = name.lower()
        if _GOPRO_PROXY.match(lower):
            stems = [original + lower[2:-4] for original in _GOPRO_ORIGINALS]
            return self._first(stems)
        if found := _INSTA360_PROXY.match(lower):
            return self._first([f"vid_{found[1]}_{lens}_{found[2]}" for lens in ("00", "10")])
        for pattern in _OTHER_PROXIES:
            if found := pattern.match(lower):
                return self._first([found[1]])
        return None

    def _first(self, stems: Iterable[str]) -> str | None:
        wanted = (stem + ending for stem in stems for ending in _VIDEO_ENDINGS)
        return next((self._names[name] for name in wanted if name in self._names), None)


def is_proxy_name(name: str) -> bool:
    """Whether a file's name alone makes it look like a proxy, which is cheap to ask for each file."""
    lower = name.lower()
    return lower.endswith(_PROXY_ENDINGS) or lower.startswith("lrv_")
