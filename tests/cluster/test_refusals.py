"""Machines that must not mine for a run say why, in a sentence; the run goes on with the others, or ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.hosts import CLUSTER, until
from tests.cluster.site import PHOTOS, Site
from tests.running import parts_in

pytestmark = pytest.mark.slow


def finish(site: Site, run: subprocess.Popen[str], status: int = 0) -> str:
    """What a run has printed at its end."""
    assert run.wait(120) == status, site.said()
    return site.said()


def test_certificates_of_another_cluster_are_refused(site: Site) -> None:
    others = site.folder / "others"
    subprocess.run([*CLUSTER, "make-certs", others], check=True, capture_output=True)
    machine = site.start_machine(2, certificates=others)
    assert machine.wait(60) == 3
    said = site.log_of(2).read_text()
    assert "its certificate is not of the authority in" in said
    assert "copy the same certificates to all machines" in said
    assert said.count("\n") == 1

    run = site.start_run("--certs", str(others))
    assert "its certificate is not of the authority in" in finish(site, run, 3)


def test_another_version_of_the_program_is_refused(site: Site) -> None:
    script = site.folder / "older.py"
    script.write_text(
        "import sys\nimport pipeline\npipeline.__version__ = '0.9.0'\n"
        "import visualminercluster\nsys.exit(visualminercluster.main(sys.argv[2:]))\n"
    )
    site.start_machine(
        2, prefix=("env", f"PYTHONPATH={Path.cwd()}", sys.executable, str(script)), as_script=True
    )
    said = finish(site, site.start_run(), 3)
    assert "host2: it has version 0.9.0 of this program and the run has" in said
    assert "install the same version on both" in said
    assert not site.notes()


def test_other_results_of_a_component_and_other_models_are_refused(site: Site) -> None:
    site.start_machine(2, prefix=("env", "JOURNALS_VERSION=2"))
    other = site.folder / "other"
    other.mkdir()
    (other / "model").write_bytes(b"another model")
    (other / "pipeline.yml").write_bytes(site.pipeline.read_bytes())
    site.start_machine(3, "--pipeline-root", str(other))
    site.start_machine(4)
    site.close_gate()
    run = site.start_run()
    until(lambda: "host2: " in site.said() and "host3: " in site.said(), site.folder / "run.log")
    site.open_gate()
    said = finish(site, run)
    assert 'host2: its code of the component "all" gives other results (version 2 of them, not 1)' in said
    assert 'host3: its model files of the component "all" have another content than those of the run' in said
    assert site.busy().keys() == {"host4"}
    assert site.busy().total() == PHOTOS


def test_other_storage_is_refused(site: Site) -> None:
    for name in ("empty", "stale"):
        (site.folder / name).mkdir()
    (site.folder / "stale" / ".deepvisualminer.cluster").write_text("0" * 32)
    site.start_machine(2, "--output-root", str(site.folder / "stale"))
    site.start_machine(3, "--input-root", str(site.folder / "empty"))
    said = finish(site, site.start_run(), 3)
    assert "host2: " in said
    assert "stale is another OUTPUT than that of the run, or a stale copy" in said
    assert ".png, a file of INPUT, cannot be read there (No such file or directory)" in said
    assert not site.notes()


def test_storage_that_cannot_be_written_is_refused(site: Site) -> None:
    elsewhere = site.folder / "elsewhere"
    site.mined.mkdir()
    machine = site.start_machine(2, "--output-root", str(elsewhere), mounts={site.mined: elsewhere})
    until(lambda: "mining for the runs" in site.log_of(2).read_text(), site.log_of(2))
    site.hosts[1].within(machine.pid, "mount", "-o", "remount,ro,bind", elsewhere)
    site.start_machine(3)
    site.close_gate()
    run = site.start_run()
    until(lambda: "its tasks" in site.said() or "can be written; this is tried" in site.said())
    site.open_gate()
    said = finish(site, run)
    assert (
        f"host2: {elsewhere}: cannot be written (Read-only file system); mount the storage of OUTPUT" in said
    )
    assert site.busy().keys() == {"host3"}


def test_storage_that_goes_while_a_machine_mines(site: Site) -> None:
    elsewhere = site.folder / "elsewhere"
    site.mined.mkdir()
    (elsewhere / "out").mkdir(parents=True)
    site.start_machine(2, "--output-root", str(elsewhere / "out"), mounts={site.mined: elsewhere / "out"})
    site.start_machine(3)
    site.close_gate()
    run = site.start_run()
    site.wait_for("host2", "host3")
    site.hosts[1].within(site.engines(2)[0], "umount", "--lazy", elsewhere / "out")
    until(lambda: "host2: " in site.said() and "is not the OUTPUT of the run" in site.said())
    site.open_gate()
    finish(site, run)
    assert len(site.reports()) == PHOTOS
    assert not parts_in(site.folder)


def test_a_full_disk(site: Site) -> None:
    site.start_machine(2, prefix=("prlimit", "--fsize=300"))
    site.start_machine(3)
    site.close_gate()
    run = site.start_run()
    site.wait_for("host2", "host3")
    site.open_gate()
    said = finish(site, run)
    assert "host2: " in said
    assert "is full (File too large)" in said
    assert len(site.reports()) == PHOTOS
    assert not parts_in(site.folder)


def test_a_machine_mines_for_one_run_at_a_time(site: Site) -> None:
    site.start_machine(2)
    site.close_gate()
    run = site.start_run()
    site.wait_for("host2")
    second = site.start_run(name="second", output=site.folder / "second")
    until(lambda: "host2: it mines for another run" in site.said("second"), site.folder / "second.log")
    site.open_gate()
    finish(site, run)
    assert second.wait(60) == 0, site.said("second")
    assert len(list((site.folder / "second").rglob("*.json"))) == PHOTOS
