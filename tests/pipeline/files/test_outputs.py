from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import OutputError, OutputNameError
from pipeline.files.outputs import check_writable, output_path, output_suffix, replace_file, write_file
from pipeline.files.parts import (
    PART_PREFIX,
    PART_SUFFIX,
    make_part,
    reassign_part,
    remove_parts,
    sweep_parts,
    sweep_tree,
)
from pipeline.text import printable

OUT = Path("/out")


def names(folder):
    return sorted(os.listdir(folder))


@pytest.mark.parametrize(
    ("relative", "expected"),
    [
        ("a.jpg", "/out/a.jpg.json"),
        ("a.png", "/out/a.png.json"),
        ("A.JPG", "/out/A.JPG.json"),
        ("trip/day 1/a.jpg", "/out/trip/day 1/a.jpg.json"),
        ("-rf", "/out/-rf.json"),
        ("no ending", "/out/no ending.json"),
    ],
)
def test_the_whole_name_is_kept(relative, expected):
    assert output_path(OUT, relative, ".json") == Path(expected)


def test_bytes_that_are_no_utf8_are_kept():
    path = output_path(OUT, os.fsdecode(b"caf\xe9/\xff.jpg"), ".json")
    assert os.fsencode(path) == b"/out/caf\xe9/\xff.jpg.json"


@pytest.mark.parametrize(
    "name", ["x" * 251 + ".jpg", "é" * 125 + "x.jpg", os.fsdecode(b"\xe9" * 251 + b".jpg")]
)
def test_a_name_too_long_is_cut_and_told_apart_by_its_hash(name, tmp_path):
    assert len(os.fsencode(name)) == 255
    suffixes = (".json", "-annotated.jpg", "-frame-000012-annotated.jpg")
    for suffix in suffixes:
        path = output_path(tmp_path, name, suffix)
        assert 200 < len(os.fsencode(path.name)) <= 255
        assert path.name.endswith(f"~{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}{suffix}")
        write_file(path, b"x")
    assert output_path(tmp_path, name, ".json") != output_path(tmp_path, "y" + name[1:], ".json")


def test_the_longest_name_that_fits_is_not_cut():
    assert output_path(OUT, "x" * 250, ".json").name == "x" * 250 + ".json"


def test_replacing_makes_folders_and_leaves_only_the_file(tmp_path):
    target = tmp_path / "a" / "b" / "report.json"
    with replace_file(target) as stream:
        stream.write(b"old")
        assert not target.exists()
    write_file(target, b"new")
    assert target.read_bytes() == b"new"
    assert names(target.parent) == ["report.json"]


@pytest.mark.parametrize("raised", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path, raised):
    target = tmp_path / "report.json"
    target.write_bytes(b"old")
    with pytest.raises(raised), replace_file(target) as stream:
        stream.write(b"half of the new")
        raise raised
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["report.json"]


def test_a_link_is_replaced_not_written_through(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine")
    target = tmp_path / "out" / "report.json"
    target.parent.mkdir()
    target.symlink_to(elsewhere)
    write_file(target, b"new")
    assert (elsewhere.read_bytes(), target.read_bytes()) == (b"mine", b"new")


def test_a_file_where_a_folder_is_needed(tmp_path):
    (tmp_path / "trip").write_bytes(b"")
    for deeper in ("a.json", "day/a.json"):
        with pytest.raises(OutputNameError, match=r"trip.*a file stands where a folder is needed; choose"):
            write_file(tmp_path / "trip" / deeper, b"x")
    assert names(tmp_path) == ["trip"]


def test_a_folder_where_the_file_belongs(tmp_path):
    (tmp_path / "a.json" / "inner").mkdir(parents=True)
    with pytest.raises(OutputNameError, match=r"a\.json: a folder stands where a file is to be written"):
        write_file(tmp_path / "a.json", b"x")
    assert names(tmp_path) == ["a.json"]


def test_a_path_too_long_for_the_system(tmp_path):
    with pytest.raises(OutputNameError, match="the path is too long"):
        write_file(tmp_path.joinpath(*["d" * 250] * 17, "a.json"), b"x")


FULL_DISK = """
import resource, sys
from pathlib import Path
from pipeline.errors import OutputError
from pipeline.files.outputs import write_file
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_file(Path(sys.argv[1]), bytes(5000))
except OutputError as error:
    answer = [str(error), int(error.exit_code)]
"""


def test_a_full_disk_names_its_mount_and_leaves_nothing(tmp_path, run_python):
    sentence, exit_code = run_python(FULL_DISK, tmp_path / "out" / "report.json")
    assert exit_code == 3
    assert "report.json: the disk mounted at /" in sentence
    assert "is full (File too large); make room there" in sentence
    assert names(tmp_path / "out") == []


CHECK_WRITABLE = """
from pathlib import Path
from pipeline.errors import OutputError
from pipeline.files.outputs import check_writable
try:
    answer = check_writable(Path(sys.argv[1]))
except OutputError as error:
    answer = [str(error), int(error.exit_code)]
"""


def test_a_folder_that_may_not_be_written(tmp_path, run_python, unprivileged):
    tmp_path.chmod(0o555)
    for folder in (tmp_path, tmp_path / "new"):
        sentence, exit_code = run_python(CHECK_WRITABLE, folder, prefix=unprivileged)
        assert exit_code == 3
        assert sentence.startswith(f"{folder}: cannot be written (Permission denied); choose another OUTPUT")


def test_check_writable_makes_the_folder_and_leaves_it_empty(tmp_path):
    check_writable(tmp_path / "new" / "out")
    assert names(tmp_path / "new" / "out") == []
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="file stands where a folder is needed"):
        check_writable(tmp_path / "file")


def test_sweeping_removes_files_of_ended_processes(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = f"{PART_PREFIX}{ended.pid}-0011{PART_SUFFIX}"
    mine = f"{PART_PREFIX}{os.getpid()}-0011{PART_SUFFIX}"
    others = ("a.jpg.json", f"{PART_PREFIX}notes{PART_SUFFIX}", "x.part")
    for name in (dead, mine, *others):
        (tmp_path / name).write_bytes(b"x")
    sweep_parts(tmp_path)
    assert names(tmp_path) == sorted([mine, *others])
    sweep_parts(tmp_path, os.getpid())
    assert names(tmp_path) == sorted(others)
    sweep_parts(tmp_path / "is not there")


def test_printable_never_breaks_a_terminal_or_a_line():
    assert printable("a b/é.jpg") == "a b/é.jpg"
    assert printable("a\nb\x1b[31m\u202e.jpg") == "a\\nb\\x1b[31m\\u202e.jpg"
    assert printable(os.fsdecode(b"caf\xe9.jpg")) == "caf\ufffd.jpg"


def test_a_part_handed_over_outlives_its_maker_but_not_the_process_that_answers_for_it(tmp_path):
    dead = subprocess.Popen(["true"])
    dead.wait()
    kept = reassign_part(make_part(tmp_path / "a"), os.getpid())
    lost = reassign_part(make_part(tmp_path / "a"), dead.pid)
    sweep_parts(tmp_path / "a")
    assert kept.exists()
    assert not lost.exists()
    sweep_tree(tmp_path)  # a run begins: nothing of this process is there yet
    assert not kept.exists()


def test_parts_are_removed_however_many_are_gone_already(tmp_path):
    part = make_part(tmp_path)
    remove_parts([tmp_path / "gone", part])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.jpg", "n" * 255, "\u00e9" * 127, os.fsdecode(b"\xff" * 250)])
@pytest.mark.parametrize("suffix", [".json", "-cats-annotated.jpg"])
def test_the_suffix_comes_back_from_a_name_cut_or_not(name, suffix):
    output = output_path(Path("/out"), f"folder/{name}", suffix).name
    assert output_suffix(output, name) == suffix
    assert output_suffix(output, f"{name[:-1]}?") is None
