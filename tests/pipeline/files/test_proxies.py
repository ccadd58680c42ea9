"""Small copies and thumbnails that cameras write beside a video."""

from __future__ import annotations

import logging

import pytest

from pipeline.files.proxies import Proxies, is_proxy_name
from pipeline.files.walk import Skipped, iter_files
from tests.house import House

PAIRS = {
    "GL010123.LRV": "GX010123.MP4",
    "GL020123.lrv": "GH020123.mp4",
    "GX010123.THM": "GX010123.MP4",
    "GOPR0123.LRV": "GOPR0123.MP4",
    "GS010001.THM": "GS010001.360",
    "DJI_0001.LRF": "DJI_0001.MP4",
    "VIRB0001.GLV": "VIRB0001.MP4",
    "MVI_0042.THM": "MVI_0042.AVI",
    "LRV_20240102_030405_11_001.lrv": "VID_20240102_030405_00_001.insv",
    "LRV_20240102_030405_01_001.mp4": "VID_20240102_030405_10_001.mp4",
    "C0001S03.MP4": "C0001.MP4",
    "clip_Proxy.mov": "clip.mov",
}


@pytest.mark.parametrize("proxy", PAIRS)
def test_a_proxy_belongs_to_the_video_in_its_folder(proxy: str) -> None:
    assert is_proxy_name(proxy)
    assert Proxies([proxy, PAIRS[proxy], "other.mp4"]).original_of(proxy) == PAIRS[proxy]
    assert Proxies([proxy, "other.mp4", "GX019999.MP4"]).original_of(proxy) is None


@pytest.mark.parametrize(
    "name", ["GX010123.MP4", "IMG_1.jpg", "a.mov", "LRV_notes.txt", "S03.MP4", "proxy.mp4"]
)
def test_other_files_are_none(name: str) -> None:
    others = ["GX010123.MP4", "GL010123.LRV", "IMG_1.mov", "a_proxy.mov", ".mp4", "C0001.MP4"]
    assert Proxies([name, *others]).original_of(name) is None


@pytest.mark.parametrize("with_proxies", [False, True])
def test_the_walk_leaves_them_out_and_says_so(tmp_path, with_proxies: bool) -> None:
    for name in ("GX010123.MP4", "GL010123.LRV", "GX010123.THM", "GL010999.LRV"):
        (tmp_path / name).write_bytes(b"x")
    found = {item.relative: item for item in iter_files(str(tmp_path), with_proxies=with_proxies)}
    skipped = {name: item.sentence for name, item in found.items() if isinstance(item, Skipped)}
    sentence = "a camera's small copy of GX010123.MP4; proxies: mine takes it"
    assert skipped == ({} if with_proxies else dict.fromkeys(("GL010123.LRV", "GX010123.THM"), sentence))
    assert len(found) == 4


def test_a_run_leaves_them_out_until_it_is_to_take_them(tmp_path, caplog) -> None:
    caplog.set_level(logging.INFO)
    house = House(tmp_path)
    for name in ("GX010123.MP4", "GX010123.THM", "b.png"):  # what they are, their content says
        house.photo("photo.png").rename(house.input / name)
    assert house.counts() == {"mined": 2, "ignored": 1}
    line = "cameras' small copies of videos that are ignored: 1; proxies: mine takes them"
    assert caplog.messages.count(line) == 1
    assert house.counts() == {"unchanged": 2, "ignored": 1}
    house.pipeline.write_text(f"proxies: mine\n{house.pipeline.read_text()}")
    assert [path for path, _ in house.planned()] == ["GX010123.THM"]
    assert house.counts() == {"mined": 1, "unchanged": 2}
    house.pipeline.write_text(house.pipeline.read_text().replace("proxies: mine", "proxies: skip"))
    assert house.counts(prune=True) == {"unchanged": 2, "ignored": 1}
    assert "GX010123.THM.json" in house.outputs()


def test_sonys_proxies_lie_in_a_folder_beside_that_of_their_videos(tmp_path) -> None:
    for name in ("M4ROOT/CLIP/C0001.MP4", "M4ROOT/SUB/C0001S03.MP4", "M4ROOT/SUB/C0002S03.MP4"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\0\0\0\x18ftypmp42")
    found = list(iter_files(str(tmp_path), with_proxies=False))
    assert [one.relative for one in found if isinstance(one, Skipped)] == ["M4ROOT/SUB/C0001S03.MP4"]
    alone = list(iter_files(str(tmp_path / "M4ROOT" / "SUB"), with_proxies=False))
    assert not any(isinstance(one, Skipped) for one in alone), "the videos themselves are not mined"
