"""The recipes of docs/nightly.md, tried: cron's line as cron runs it, systemd and logrotate read theirs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import ExitCode
from tests.running import PATIENCE_S, ROOT, component, pipeline_file, small_photo

NIGHTLY = (ROOT / "docs" / "nightly.md").read_text(encoding="utf-8")


def recipe(language: str) -> str:
    """The block of that language."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", NIGHTLY, re.MULTILINE | re.DOTALL)
    return block


class Home:
    """`/home/you` in another place, with photos, and this program where the recipes say that it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "deepvisualminer" / ".venv" / "bin").mkdir(parents=True)
        (folder / "deepvisualminer" / ".venv" / "bin" / "python").symlink_to(sys.executable)
        (folder / "deepvisualminer" / "visualminer.py").symlink_to(ROOT / "visualminer.py")
        small_photo(folder / "photos" / "a.png")
        os.utime(folder / "photos" / "a.png", (1_500_000_000, 1_500_000_000))
        (folder / "photos-mined").mkdir()
        faces = component("faces", "simpledetector", model="haarcascade_frontalface_default.xml")
        pipeline_file(
            folder / "deepvisualminer" / "people.yml", faces, component("report", "jsonreportwriter", "faces")
        )

    def here(self, text: str) -> str:
        return text.replace("/home/you", str(self.folder))

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """As cron and systemd do: with hardly an environment, in another folder."""
        environment = {
            "HOME": str(self.folder),
            "PATH": "/usr/bin:/bin",
            "SHELL": "/bin/sh",
            "LOGNAME": "you",
        }
        # What makes this interpreter find its packages, which a symlink to it does not.
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path.endswith("-packages"))
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd="/",
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )

    def assert_mined_in_silence(self, command: str) -> None:
        for _ in range(2):
            done = self.run(command)
            assert (done.returncode, done.stdout, done.stderr) == (ExitCode.OK, "", "")
        assert (self.folder / "photos-mined" / "a.png.json").exists()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_cron(home: Home) -> None:
    *settings, line = recipe("crontab").splitlines()
    assert all(re.fullmatch(r"[A-Z]+=\S+", setting) for setting in settings)
    *when, command = line.split(maxsplit=5)
    assert len(when) == 5
    assert all(re.fullmatch(r"[\d*/,-]+", field) for field in when)
    assert "%" not in command  # which cron takes for a line break
    home.assert_mined_in_silence(home.here(command))
    assert "mined 1 photo in" in (home.folder / "photos-mined.log").read_text()


def test_systemd(home: Home, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    units = []
    for kind in ("service", "timer"):
        units.append(tmp_path / f"photos-mining.{kind}")
        units[-1].write_text(home.here(recipe(f"systemd-{kind}")).replace("User=you", "User=root"))
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    (command,) = re.findall(r"^ExecStart=(.*)$", units[0].read_text(), re.MULTILINE)
    assert shlex.split(command)[0] == str(home.folder / "deepvisualminer/.venv/bin/python")
    home.assert_mined_in_silence(command)
    assert (home.folder / "photos-mined" / ".summary.json").exists()


def test_logrotate(home: Home, tmp_path: Path) -> None:
    if (logrotate := shutil.which("logrotate", path=f"{os.environ['PATH']}:/usr/sbin")) is None:
        pytest.skip("logrotate is not installed")
    log = home.folder / "photos-mined.log"
    log.write_text("a line\n")
    user = "root root" if os.geteuid() == 0 else f"{os.geteuid()} {os.getegid()}"
    stanza = home.here(recipe("logrotate")).replace("su you you", f"su {user}")
    (tmp_path / "stanza").write_text(stanza)
    (tmp_path / "stanza").chmod(0o644)
    command = [logrotate, "--state", tmp_path / "state", "--force", tmp_path / "stanza"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert not log.exists()
    assert (home.folder / "photos-mined.log.1.gz").exists()
