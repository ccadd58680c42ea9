"""The hashes of model files, computed once."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from pipeline.errors import ModelError
from pipeline.models import hash as modelhash
from pipeline.models.hash import model_sha256

CONTENT = bytes(range(256)) * 8192


@pytest.fixture
def hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where they are kept; files need not be left alone for ten seconds first."""
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(modelhash, "_SETTLED_S", -1.0)
    monkeypatch.setattr(modelhash, "_known", {})
    return tmp_path / "cache" / "hashes"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(CONTENT)
    return path


def true_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def asked_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """As the next process would."""
    monkeypatch.setattr(modelhash, "_known", {})
    return model_sha256(path)


def test_is_kept_for_the_next_process(hashes, model, monkeypatch):
    assert model_sha256(model) == true_hash(model)
    (kept,) = hashes.iterdir()
    assert kept.read_text() == true_hash(model)
    kept.write_text("0" * 64)  # shows whether the cache was used
    assert asked_anew(model, monkeypatch) == "0" * 64


def test_a_change_of_the_content_is_seen_whatever_the_times_say(hashes, model, monkeypatch):
    before, status = model_sha256(model), os.stat(model)
    with open(model, "r+b") as stream:
        stream.write(b"other")
    os.utime(model, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert asked_anew(model, monkeypatch) == true_hash(model) != before


def test_so_is_another_file_in_its_place(hashes, model, monkeypatch):
    before, status = model_sha256(model), os.stat(model)
    other = model.with_name("other")
    other.write_bytes(CONTENT[::-1])
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(model)
    assert asked_anew(model, monkeypatch) == true_hash(model) != before


@pytest.mark.parametrize("damage", [b"", b"0" * 63, b"\xff" * 64, b"G" * 64])
def test_a_damaged_entry_is_made_anew(hashes, model, monkeypatch, damage):
    model_sha256(model)
    (kept,) = hashes.iterdir()
    kept.write_bytes(damage)
    assert asked_anew(model, monkeypatch) == true_hash(model)
    assert kept.read_text() == true_hash(model)


def test_a_file_that_was_just_changed_is_not_relied_upon(hashes, model, monkeypatch):
    monkeypatch.setattr(modelhash, "_SETTLED_S", 3600.0)
    assert model_sha256(model) == true_hash(model)
    assert not hashes.exists()


def test_small_files_are_read(hashes, tmp_path):
    small = tmp_path / "small.cfg"
    small.write_bytes(b"[net]")
    assert model_sha256(small) == true_hash(small)
    assert not hashes.exists()


def test_entries_that_are_long_unused_go(hashes, model):
    hashes.mkdir(parents=True)
    (hashes / "old").write_text("0" * 64)
    (hashes / "new").write_text("0" * 64)
    os.utime(hashes / "old", (0, 0))
    model_sha256(model)
    assert "old" not in os.listdir(hashes)
    assert len(os.listdir(hashes)) == 2


def test_a_cache_that_cannot_be_written(hashes, model):
    hashes.parent.write_bytes(b"in the way")
    assert model_sha256(model) == true_hash(model)


def test_a_user_without_a_home(hashes, model, monkeypatch):
    """As a container's unknown user: platformdirs knows no folder then."""

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(modelhash, "cache_folder", homeless)
    assert model_sha256(model) == true_hash(model)


def test_a_file_that_is_not_there(hashes, tmp_path):
    with pytest.raises(ModelError, match=r"none\.onnx: cannot be read \(No such file or directory\)"):
        model_sha256(tmp_path / "none.onnx")
