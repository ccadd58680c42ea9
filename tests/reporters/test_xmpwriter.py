"""The sidecar writer in a run: where files go, what of INPUT is touched, renames, videos, many runs."""

from __future__ import annotations

import itertools
import os
import re
import signal
import threading

import pytest

from pipeline.detections import Box, Detection, FrameResult, Label
from pipeline.errors import FailureCode, ModelError, SourceError
from pipeline.files.exchange import exchange
from pipeline.files.walk import iter_sources
from pipeline.frame import Frame
from pipeline.source import MediaFacts, Turn
from pipeline.videos.messages import SegmentPart
from reporters.xmp import besidefile
from reporters.xmp.besidefile import LeftAloneError, read_version, replace_version
from reporters.xmp.proposal import Found
from reporters.xmpwriter import XmpWriter, XmpWriterParams
from tests.pictures import encoded, patches
from tests.sidecars import keywords, listed, merge_into, packet

FACTS = MediaFacts((96, 64), "jpeg", turn=Turn())
DOG = Detection(Box(1, 2, 30, 40), (Label("dog", 0.9),))


class Folders:
    """INPUT with one photo, and OUTPUT."""

    def __init__(self, root):
        self.input, self.output = root / "in", root / "out"
        self.input.mkdir()
        (self.input / "a.jpg").write_bytes(encoded(patches(), "JPEG"))
        self.beside, self.copy = self.input / "a.jpg.xmp", self.output / "a.jpg.xmp"

    def write(self, *found, **params):
        (source,) = [one for one in iter_sources(str(self.input)) if one.relative == "a.jpg"]
        writer = XmpWriter("sidecars", XmpWriterParams(**params))
        writer.load()
        with writer.open(source, FACTS, self.output) as session:
            session.write(Frame.from_rgb(patches()), FrameResult(0, None, {"some": found}))

    def inputs(self):
        return {path.name: path.read_bytes() for path in self.input.iterdir()}


@pytest.fixture
def folders(tmp_path):
    return Folders(tmp_path)


def test_input_is_not_touched_by_default(folders):
    before = folders.inputs()
    folders.write(DOG)
    assert folders.inputs() == before
    assert keywords(folders.copy.read_bytes())[1] == ["Objects|dog"]


def test_a_sidecar_in_input_is_what_the_one_in_output_begins_with(folders):
    folders.beside.write_bytes(packet(listed("dc:subject", ["holiday"]), 'xmp:Rating="4"'))
    before = folders.inputs()
    folders.write(DOG)
    assert folders.inputs() == before
    assert keywords(folders.copy.read_bytes())[0] == ["dog", "holiday"]
    assert b'Rating="4"' in folders.copy.read_bytes()


def test_beside_writes_one_file_into_input_and_a_copy_into_output(folders):
    before = folders.inputs()
    folders.write(DOG, where="beside")
    assert folders.inputs() == before | {"a.jpg.xmp": folders.copy.read_bytes()}


@pytest.mark.parametrize("where", ["output", "beside"])
def test_an_unchanged_sidecar_is_not_touched(folders, where):
    folders.write(DOG, where=where)
    paths = [path for path in (folders.copy, folders.beside) if path.exists()]
    before = [path.stat() for path in paths]
    folders.write(DOG, where=where)
    assert [path.stat() for path in paths] == before


def test_nothing_found_writes_nothing(folders):
    folders.write(where="beside")
    folders.write(DOG, where="beside", min_confidence=0.95)
    folders.write(DOG, where="beside", objects=False)
    assert not folders.beside.exists()
    assert not folders.copy.exists()


@pytest.mark.parametrize("content", [b"\0\1\2", b"<html/>", b""])
def test_a_sidecar_that_cannot_be_parsed_is_left_alone(folders, content, caplog):
    folders.beside.write_bytes(content)
    folders.write(DOG, where="beside")
    assert folders.beside.read_bytes() == content
    (record,) = caplog.records
    assert re.search("a.jpg.xmp: the sidecar is left alone: ", record.getMessage())


def test_what_is_no_regular_file_is_left_alone(folders, caplog):
    (folders.input / "elsewhere").write_bytes(packet(""))
    folders.beside.symlink_to(folders.input / "elsewhere")
    folders.write(DOG, where="beside")
    assert (folders.input / "elsewhere").read_bytes() == packet("")
    assert "no regular file" in caplog.text


def test_a_foreign_file_in_output_is_not_replaced(folders):
    folders.output.mkdir()
    folders.copy.write_bytes(packet(listed("dc:subject", ["holiday"])))
    with pytest.raises(SourceError) as caught:
        folders.write(DOG)
    assert caught.value.code is FailureCode.OUTPUT_NAME_TAKEN


def test_mode_and_owner_stay(folders):
    folders.beside.write_bytes(packet(""))
    folders.beside.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(folders.beside, 12345, 23456)
    before = folders.beside.stat()
    folders.write(DOG, where="beside")
    after = folders.beside.stat()
    assert keywords(folders.beside.read_bytes())[0] == ["dog"]
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_a_renamed_photo_gets_its_sidecar_unless_it_has_one(folders):
    folders.write(DOG, where="beside")
    target, sidecar = folders.output / "b.jpg.xmp", folders.input / "b.jpg.xmp"
    XmpWriter.rename(folders.copy, target, str(folders.input / "b.jpg"))
    assert target.read_bytes() == sidecar.read_bytes() == folders.copy.read_bytes()
    sidecar.write_bytes(b"a user's own")
    XmpWriter.rename(folders.copy, target, str(folders.input / "b.jpg"))
    assert sidecar.read_bytes() == b"a user's own"
    folders.beside.unlink()
    folders.copy.unlink()
    folders.write(DOG)
    XmpWriter.rename(folders.copy, folders.output / "c.jpg.xmp", str(folders.input / "c.jpg"))
    assert not (folders.input / "c.jpg.xmp").exists()


def test_the_sidecar_of_a_photo_that_is_gone_is_removed_if_nothing_else_is_in_it(folders):
    folders.write(DOG, where="output")
    folders.beside.write_bytes(folders.copy.read_bytes())
    XmpWriter.discard(folders.copy, str(folders.input / "a.jpg"))
    assert folders.beside.exists()  # it was not asked to write there
    folders.beside.unlink()
    folders.copy.unlink()
    folders.write(DOG, where="beside")
    own = folders.beside.read_bytes()
    for foreign in (
        own.replace(b"rdf:about", b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4" rdf:about'),
        own.replace(b"<rdf:li>dog</rdf:li>", b"<rdf:li>dog</rdf:li><rdf:li>sea</rdf:li>", 1),
        own.replace(b"<dc:subject", b"<!-- mine --><dc:subject"),
        own[:-100],
    ):
        assert foreign != own
        folders.beside.write_bytes(foreign)
        XmpWriter.discard(folders.copy, str(folders.input / "a.jpg"))
        assert folders.beside.read_bytes() == foreign
    folders.beside.write_bytes(own)
    XmpWriter.discard(folders.copy, str(folders.input / "a.jpg"))
    assert not folders.beside.exists()
    XmpWriter.discard(folders.copy, str(folders.input / "a.jpg"))


def test_an_editor_that_writes_meanwhile_wins(folders, monkeypatch):
    """The editor saves between reading and replacing; the merge begins again with what it saved."""
    folders.beside.write_bytes(packet(listed("dc:subject", ["holiday"])))
    edits = [["holiday", "sea"], ["holiday", "sea", "sand"]]

    def edit_then_replace(path, read, content):
        if edits:
            folders.beside.write_bytes(packet(listed("dc:subject", edits.pop(0))))
        return replace_version(path, read, content)

    monkeypatch.setattr("reporters.xmpwriter.replace_version", edit_then_replace)
    folders.write(DOG, where="beside")
    assert keywords(folders.beside.read_bytes())[0] == ["dog", "holiday", "sand", "sea"]


def test_a_sidecar_that_appears_meanwhile_is_not_replaced(folders):
    read = read_version(str(folders.beside))
    folders.beside.write_bytes(b"an editor's")
    assert not replace_version(str(folders.beside), read, b"ours")
    assert folders.beside.read_bytes() == b"an editor's"
    assert set(folders.inputs()) == {"a.jpg", "a.jpg.xmp"}


def test_many_runs_at_once_lose_nothing(folders):
    folders.beside.write_bytes(packet(listed("dc:subject", ["holiday"]), 'xmp:Rating="4"'))

    def run(output):
        own = Folders.__new__(Folders)
        own.input, own.output = folders.input, output
        for label in ("dog", "cat"):
            own.write(Detection(Box(1, 2, 30, 40), (Label(label, 0.9),)), where="beside")

    threads = [threading.Thread(target=run, args=(folders.output / str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keywords(folders.beside.read_bytes())[0] in (["cat", "holiday"], ["dog", "holiday"])
    assert set(folders.inputs()) == {"a.jpg", "a.jpg.xmp"}


EXCHANGE = "reporters.xmp.besidefile.exchange"


@pytest.mark.parametrize("can_exchange", [True, False])
def test_an_editor_that_writes_at_the_last_moment_wins(folders, monkeypatch, can_exchange):
    """It saves after the last look at the file, as it is replaced; only an exchange can notice that."""
    folders.beside.write_bytes(packet(listed("dc:subject", ["holiday"])))
    edits = [packet(listed("dc:subject", ["holiday", "sea"]))]

    def edit_then_exchange(part, path):
        if edits:
            (folders.input / "new").write_bytes(edits.pop())
            os.replace(folders.input / "new", folders.beside)
        return can_exchange and exchange(part, path)

    monkeypatch.setattr(EXCHANGE, edit_then_exchange)
    folders.write(DOG, where="beside")
    expected = ["dog", "holiday", "sea"] if can_exchange else ["dog", "holiday"]
    assert keywords(folders.beside.read_bytes())[0] == expected
    assert set(folders.inputs()) == {"a.jpg", "a.jpg.xmp"}


def test_a_sidecar_that_is_removed_at_the_last_moment_stays_away(folders, monkeypatch):
    folders.beside.write_bytes(packet(listed("dc:subject", ["holiday"])))
    read = read_version(str(folders.beside))

    def remove_then_exchange(part, path):
        folders.beside.unlink()
        return exchange(part, path)

    monkeypatch.setattr(EXCHANGE, remove_then_exchange)
    assert not replace_version(str(folders.beside), read, b"ours")
    assert set(folders.inputs()) == {"a.jpg"}


@pytest.mark.parametrize("at", ["fsync", "exchange", "replace", "unlink"])
def test_a_kill_at_any_point_leaves_the_old_or_the_new(folders, monkeypatch, at):
    old = packet(listed("dc:subject", ["holiday"]))
    folders.beside.write_bytes(old)
    new = merge_into(old, Found("dog", False, None))

    class KilledError(BaseException):
        pass

    def kill(*_, **__):
        raise KilledError

    with monkeypatch.context() as patch:
        if at == "replace":  # a file system without exchanges
            patch.setattr(EXCHANGE, lambda *_: False)
        patch.setattr(EXCHANGE if at == "exchange" else f"os.{at}", kill)
        with pytest.raises(KilledError):
            replace_version(str(folders.beside), read_version(str(folders.beside)), new)
    assert folders.beside.read_bytes() in (old, new)
    folders.write(DOG, where="beside")
    assert keywords(folders.beside.read_bytes())[0] == ["dog", "holiday"]
    assert set(folders.inputs()) == {"a.jpg", "a.jpg.xmp"}


@pytest.mark.parametrize("is_there", [True, False])
def test_a_process_that_is_killed_at_any_call_leaves_the_old_or_the_new(folders, is_there):
    """A child process replaces the sidecar and is killed before its first, second, ... call to the system."""
    old = packet(listed("dc:subject", ["holiday"])) if is_there else None
    new = merge_into(old, Found("dog", False, None))
    seen = set()
    for calls in itertools.count():
        folders.beside.unlink(missing_ok=True)
        if old is not None:
            folders.beside.write_bytes(old)
        child = os.fork()
        if child == 0:
            kill_at_call(calls)
            replace_version(str(folders.beside), read_version(str(folders.beside)), new)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        content = folders.beside.read_bytes() if folders.beside.exists() else None
        assert content in (old, new), calls
        seen.add(content)
        if status == 0:
            break
        assert os.WIFSIGNALED(status)
    assert calls > 5
    assert seen == {old, new}
    folders.beside.unlink()
    if old is not None:
        folders.beside.write_bytes(old)
    folders.write(DOG, where="beside")
    assert set(folders.inputs()) == {"a.jpg", "a.jpg.xmp"}, "what a killed process left is removed"


def kill_at_call(calls: int) -> None:
    """Kill this process with SIGKILL when it has made so many of its calls to the file system."""
    count = itertools.count()

    def counted(call):
        def wrapper(*arguments, **options):
            if next(count) == calls:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return wrapper

    for name in ("open", "fsync", "fstat", "fchmod", "lstat", "link", "replace", "unlink", "close"):
        setattr(os, name, counted(getattr(os, name)))
    besidefile.exchange = counted(besidefile.exchange)


def test_a_folder_that_cannot_be_written_is_said(folders):
    with pytest.raises(LeftAloneError, match="cannot be written"):
        replace_version(str(folders.input / "no" / "a.jpg.xmp"), read_version("/nowhere"), b"x")


def test_names_that_recognizers_disagree_about_and_unknown_ones_are_not_written(folders):
    def face(*labels):
        return Detection(Box(1, 2, 30, 40), labels)

    folders.write(
        face(Label("Anna", method="eigen"), Label("Berta", method="lbp")),
        face(Label("unknown", method="eigen")),
        face(Label("Carl", method="eigen"), Label("Carl", method="lbp")),
        face(Label("Dora", method="eigen"), Label("unknown", method="lbp")),
    )
    assert keywords(folders.copy.read_bytes())[1] == ["People|Carl"]


def test_faces_off_and_other_roots(folders):
    name = Detection(Box(1, 2, 30, 40), (Label("Anna", method="eigen"),))
    folders.write(name, DOG, faces=False, roots={"objects": "Things"})
    assert keywords(folders.copy.read_bytes())[1] == ["Things|dog"]
    assert list(XmpWriter.check(XmpWriterParams(faces=False, objects=False)))


def test_a_videos_sidecar_has_the_keywords_of_all_segments_and_no_regions(folders, tmp_path):
    from types import SimpleNamespace

    (source,) = [one for one in iter_sources(str(folders.input)) if one.relative == "a.jpg"]
    writer = XmpWriter("sidecars", XmpWriterParams())
    writer.load()
    parts = []
    for label in (Label("dog", 0.9), Label("Anna", method="eigen"), Label("dog", 0.8)):
        with writer.open_segment(source, None, folders.output, tmp_path / "part") as session:
            found = Detection(Box(1, 2, 30, 40), (label,))
            session.write(Frame.from_rgb(patches()), FrameResult(0, 0.0, {"some": (found,)}))
        parts.append(SegmentPart(tmp_path / "part", session.note))
    writer.join(source, SimpleNamespace(facts=SimpleNamespace(size_wh=(96, 64))), parts, folders.output)
    content = folders.copy.read_bytes()
    assert keywords(content)[1] == ["Objects|dog", "People|Anna"]
    assert b"Regions" not in content


def test_a_second_writer_of_a_pipeline_cannot_write_beside():
    with pytest.raises(ModelError, match="first xmpwriter"):
        XmpWriter("more", XmpWriterParams(where="beside"), tag="-more").load()
