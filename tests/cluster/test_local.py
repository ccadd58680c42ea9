"""A run on machines of its own finds and writes the same as a run without, and leaves nothing running."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pipeline.kept.store import Store
from tests.cluster.hosts import until
from tests.cluster.libraries import make_library, make_pipeline, outputs
from tests.running import ROOT, parts_in, run


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos, a damaged one, and a video."""
    folder = make_library(tmp_path_factory.mktemp("library") / "photos")
    (folder / "2016" / "cut off.jpg").write_bytes((folder / "2016" / "photo 000.jpg").read_bytes()[:900])
    return folder


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pipeline file."""
    return make_pipeline(tmp_path_factory.mktemp("pipeline"))


@pytest.fixture(scope="module")
def alone(library: Path, pipeline: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a run without a cluster writes."""
    folder = tmp_path_factory.mktemp("alone") / "mined"
    done = run(library, folder, pipeline, "--no-index")
    assert done.returncode == 1, done.stderr
    return outputs(folder) | kept_findings(folder, library)


def kept_findings(folder: Path, library: Path) -> dict[str, object]:
    """What is kept of each input for later runs."""
    with Store(folder, read_only=True) as store:
        names = [str(path.relative_to(library)) for path in library.rglob("*.*")]
        return {f"kept of {name}": store.find(name) for name in names}


def left_of(mark: str) -> list[psutil.Process]:
    """The processes that a run with this variable in its environment has left."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("TEST_MARK") == mark:
                found.append(process)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("machines", [1, 3])
def test_outputs_are_those_of_a_single_machine(
    machines: int, library: Path, pipeline: Path, alone: dict[str, object], tmp_path: Path
) -> None:
    arguments = (library, tmp_path / "mined", pipeline, "--cluster", f"local:{machines}", "--no-index")
    done = run(*arguments, prefix=("env", f"TEST_MARK={tmp_path}"))
    assert done.returncode == 1, done.stderr
    assert "cut off.jpg: failed on " in done.stderr
    assert "mined 12 photos and 1 video" in done.stdout
    assert outputs(tmp_path / "mined") | kept_findings(tmp_path / "mined", library) == alone
    assert not parts_in(tmp_path)
    assert not (tmp_path / "mined" / ".deepvisualminer.cluster").exists()
    until(lambda: not left_of(str(tmp_path)), patience_s=10)

    # With nothing to mine, the cluster is not asked for.
    nowhere = ("--cluster", "tcp://127.0.0.1:1", "--no-index", "--verbose")
    again = run(library, tmp_path / "mined", pipeline, *nowhere)
    assert "mined 0 photos" in again.stdout
    assert "13 unchanged" in again.stdout


def test_nothing_of_dask_is_imported_without_a_cluster(library: Path, pipeline: Path, tmp_path: Path) -> None:
    script = (
        "import json, sys, visualminer\n"
        "visualminer.main(sys.argv[1:])\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    arguments = [str(library / "2017"), str(tmp_path / "mined"), str(pipeline), "--no-index", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True
    )
    modules = set(json.loads(done.stdout.splitlines()[-1]))
    assert "pipeline" in modules
    assert not modules & {"dask", "distributed", "tornado", "cryptography", "asyncio"}


def test_no_file_is_left_and_nothing_but_this_machine_is_called(
    library: Path, pipeline: Path, tmp_path: Path
) -> None:
    if shutil.which("strace") is None:
        pytest.skip("needs strace")
    home, temporary, trace = tmp_path / "home", tmp_path / "tmp", tmp_path / "trace"
    home.mkdir()
    temporary.mkdir()
    environment = ("env", f"HOME={home}", f"TMPDIR={temporary}", "XDG_CONFIG_HOME=", "XDG_CACHE_HOME=")
    watch = ("strace", "-f", "-qq", "-e", "trace=connect", "-o", str(trace))
    done = run(
        *(library / "2017", tmp_path / "mined", pipeline, "--cluster", "local:1", "--no-index"),
        prefix=(*environment, *watch),
    )
    assert done.returncode == 0, done.stderr
    assert not list(temporary.iterdir())
    assert [path for path in home.rglob("*") if path.is_file()] == []
    called = re.findall(r"sin6?_addr\w*[=(]+(?:AF_INET6?, )?[^\"]*\"([^\"]+)\"", trace.read_text())
    assert called
    assert set(called) <= {"127.0.0.1", "::1"}
