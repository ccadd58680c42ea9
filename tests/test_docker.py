"""What can be said of docker-deepvisualminer/ without building an image; its try-images.sh does that."""

import importlib.metadata
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline import __version__

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docker-deepvisualminer"
STOCK = FOLDER / "Dockerfile-stock-tensorflow"
CUSTOM = FOLDER / "Dockerfile-custom-tensorflow"
SCRIPTS = sorted(FOLDER.glob("*.sh"))
HOME = "/root/deepvisualminer"


def tool(name: str) -> str:
    """A tool beside this Python or on the path; without it the test is skipped."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, timeout=60, **options
    )


def executable(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o755)
    return path


def stages(dockerfile: Path) -> dict[str, str]:
    """The text of each stage, comments left out, by its name; the last one's is ''."""
    text = re.sub(r"^#.*\n", "", dockerfile.read_text(), flags=re.MULTILINE)
    found = {}
    for part in re.split(r"^(?=FROM )", text, flags=re.MULTILINE)[1:]:
        name = re.match(r"FROM \S+ AS (\S+)", part)
        found[name.group(1) if name else ""] = part.strip()
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_has_nothing_to_say(script):
    done = run(tool("shellcheck"), script)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_stop_at_the_first_error_and_can_be_started(script):
    assert "\nset -euo pipefail\n" in script.read_text()
    assert script.stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize("dockerfile", [STOCK, CUSTOM], ids=lambda path: path.name)
def test_hadolint_has_nothing_to_say(dockerfile):
    done = run(tool("hadolint"), dockerfile)
    assert done.returncode == 0, done.stdout


def test_the_two_dockerfiles_differ_in_where_tensorflow_comes_from_alone():
    stock, custom = stages(STOCK), stages(CUSTOM)
    assert stock.keys() - custom.keys() == {"lean-packages", "lean"}
    assert {name for name, text in custom.items() if stock[name] != text} == {"build"}
    assert list(stock)[-1] == list(custom)[-1] == "", (
        "the image must be the last stage: docker build's default"
    )


@pytest.mark.parametrize("dockerfile", [STOCK, CUSTOM], ids=lambda path: path.name)
def test_what_a_dockerfile_copies_is_let_through_by_dockerignore(dockerfile):
    let_through = re.findall(r"^!(\S+)", (FOLDER / ".dockerignore").read_text(), flags=re.MULTILINE)
    copied = [
        word
        for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile.read_text(), flags=re.MULTILINE)
        for word in line.split()[:-1]
        if not word.startswith("--")
    ]
    assert copied
    for path in copied:
        assert any(path.startswith(prefix.rstrip("*")) or path == prefix for prefix in let_through), path


@pytest.mark.parametrize("dockerfile", [STOCK, CUSTOM], ids=lambda path: path.name)
def test_the_dockerfiles_claims(dockerfile):
    runtime = stages(dockerfile)["runtime"]
    assert f'image.version="{__version__}"' in runtime
    assert 'ENTRYPOINT ["deepvisualminer"]' in runtime
    images = {line.split()[1] for line in dockerfile.read_text().splitlines() if line.startswith("FROM ")}
    assert images <= {"${BASE}", *stages(dockerfile)}, "no image but Debian's"
    assert "ARG BASE=debian:trixie-slim" in dockerfile.read_text()
    for text in stages(dockerfile).values():
        installed = re.findall(r"pip install .*", text)
        assert all("--require-hashes" in line or "--no-index" in line for line in installed), installed
        pinned = [line for line in installed if "--require-hashes" in line]
        assert all("-r requirements-embedding.txt" in line for line in pinned), "not for faces"


def test_the_custom_image_leaves_exactly_the_pinned_tensorflow_out(tmp_path):
    expression = re.search(r"sed '(.*)' requirements", CUSTOM.read_text()).group(1)
    pinned = (ROOT / "requirements.txt").read_text()
    left = run("sed", expression, ROOT / "requirements.txt").stdout
    names = re.findall(r"^([a-z0-9-]+)==", pinned, flags=re.MULTILINE)
    assert re.findall(r"^([a-z0-9-]+)==", left, flags=re.MULTILINE) == [
        name for name in names if not name.startswith("tensorflow")
    ]
    assert not re.search(r"(?<!\\)\n    --hash", left), "a hash without its package"


def test_the_lean_image_gets_all_that_the_program_imports_but_tensorflow():
    done = run(sys.executable, FOLDER / "lean_requirements.py", ROOT / "requirements.txt")
    entry = re.compile(r"^([a-z0-9.-]+)==(\S+)", flags=re.MULTILINE)
    pinned = dict(entry.findall((ROOT / "requirements.txt").read_text()))
    lean = dict(entry.findall(done.stdout))
    assert lean.items() < pinned.items()
    asked_for = {name for name, _ in entry.findall((ROOT / "requirements.in").read_text())}
    assert {name for name in asked_for if not name.startswith("tensorflow")} <= lean.keys()
    assert not lean.keys() & {"tensorflow", "tensorflow-cpu", "keras", "grpcio", "h5py"}
    installed = {name for name in lean if name != "colorama"}  # Windows alone
    for name in installed:
        needed = importlib.metadata.requires(name) or []
        plain = {re.match(r"[A-Za-z0-9._-]+", line)[0] for line in needed if ";" not in line}
        assert {re.sub(r"[._]+", "-", word).lower() for word in plain} <= lean.keys(), name


@pytest.mark.parametrize(
    ("given", "started"),
    [
        (
            ["/photos", "/out"],
            ["python3", f"{HOME}/visualminer.py", "/photos", "/out", f"{HOME}/people.yml"],
        ),
        (["/photos", "/out", "/p.yml"], ["python3", f"{HOME}/visualminer.py", "/photos", "/out", "/p.yml"]),
        (
            ["/photos", "/out", "--workers", "1"],
            [
                "python3",
                f"{HOME}/visualminer.py",
                "/photos",
                "/out",
                f"{HOME}/people.yml",
                "--workers",
                "1",
            ],
        ),
        (["."], ["python3", f"{HOME}/visualminer.py", "."]),
        (["-v", "my photos"], ["python3", f"{HOME}/visualminer.py", "-v", "my photos"]),
        (["--check", "/p.yml"], ["python3", f"{HOME}/visualminer.py", "--check", "/p.yml"]),
        ([], ["python3", f"{HOME}/visualminer.py"]),
        (["facerec_train.py", "stats", "/i"], ["python3", f"{HOME}/facerec_train.py", "stats", "/i"]),
        (["visualsearch.py", "serve", "/out"], ["python3", f"{HOME}/visualsearch.py", "serve", "/out"]),
        (
            ["python3", f"{HOME}/facerec_train.py", "stats", "/root/images"],
            ["python3", f"{HOME}/facerec_train.py", "stats", "/root/images"],
        ),
    ],
    ids=lambda words: " ".join(words) or "nothing",
)
def test_the_entry_starts(tmp_path, given, started):
    executable(tmp_path / "bin" / "python3", '#!/bin/sh\nprintf "%s\\n" python3 "$@"\n')
    path = f"{tmp_path / 'bin'}:/usr/bin:/bin"
    done = run("/bin/bash", FOLDER / "entrypoint.sh", *given, env={"PATH": path})
    assert done.stdout.splitlines() == started
    assert done.returncode == 0


def test_the_entry_takes_a_photo_with_the_execute_bit_for_a_photo(tmp_path):
    executable(tmp_path / "bin" / "python3", '#!/bin/sh\nprintf "%s\\n" "$@"\n')
    photo = executable(tmp_path / "photo.jpg", "not a program")
    done = run(
        "/bin/bash", FOLDER / "entrypoint.sh", photo, "/out", env={"PATH": f"{tmp_path / 'bin'}:/usr/bin"}
    )
    assert done.stdout.splitlines()[1:3] == [str(photo), "/out"]


def test_the_entry_runs_a_program_of_the_image():
    done = run("/bin/bash", FOLDER / "entrypoint.sh", "bash", "-c", "echo $0 $1", "a b", "c")
    assert done.stdout == "a b c\n"


@pytest.mark.parametrize("arguments", [[], ["02:30", "/photos"], ["24:00", "/p", "/o"], ["2:30", "/p", "/o"]])
def test_nightly_refuses_what_makes_no_sense(arguments):
    done = run("/bin/bash", FOLDER / "nightly.sh", *arguments)
    assert done.returncode == 2
    assert re.match(r"nightly: .+; (type: |give )", done.stderr)


def test_nightly_ends_at_once_when_it_is_told_to():
    environment = {**os.environ, "TZ": "UTC"}
    with subprocess.Popen(
        ["/bin/bash", FOLDER / "nightly.sh", "02:30", "/photos", "/out"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as nightly:
        assert re.search(r"the next mining starts at \S+ 02:30 UTC$", nightly.stdout.readline())
        nightly.send_signal(signal.SIGTERM)
        assert nightly.stdout.read().endswith("stopped\n")
        assert nightly.wait(timeout=30) == 143


@pytest.fixture
def checkout(tmp_path):
    """What build-image.sh looks at, in a place of its own, under a umask that hides from others."""
    place = tmp_path / "checkout"
    keep_out = shutil.ignore_patterns(".*", "tests", "demo", "build", "shared", "images", "__pycache__")
    shutil.copytree(ROOT, place, ignore=keep_out)
    subprocess.run(["chmod", "-R", "go=", place], check=True)
    return place


def test_what_is_laid_out_is_a_whole_program_that_everybody_may_read(checkout):
    script = checkout / FOLDER.name / "build-image.sh"
    for _ in range(2):
        done = run("/bin/bash", "-c", f"umask 077 && '{script}'")
        assert done.returncode == 0, done.stderr
    assert "docker build -t deepvisualminer -f Dockerfile-stock-tensorflow ." in done.stdout
    program = script.parent / "shared" / "deepvisualminer"
    check = run(sys.executable, program / "visualminer.py", "--check", program / "onlycascade.yml")
    assert check.returncode == 0, check.stderr
    assert not list(program.glob("**/test_*"))
    for dockerfile in (STOCK, CUSTOM):
        for path in re.findall(r"shared/deepvisualminer/\S+\.txt", dockerfile.read_text()):
            assert (script.parent / path).is_file(), path
    hidden = [path for path in program.rglob("*") if not path.stat().st_mode & stat.S_IROTH]
    assert [path for path in hidden if "__pycache__" not in path.parts] == []


def test_a_network_without_weights_is_told_before_anything_is_built(checkout):
    networks = checkout / FOLDER.name / "shared" / "darkflow" / "cfg"
    networks.mkdir(parents=True)
    (networks / "yolo.cfg").write_text("[net]\n")
    done = run(checkout / FOLDER.name / "build-image.sh")
    assert done.returncode == 1
    assert "shared/darkflow/cfg/yolo.cfg: has no yolo.weights beside it; put it there" in done.stderr


def test_a_network_that_is_damaged_stops_the_build_with_one_sentence(tmp_path):
    (tmp_path / "alone.cfg").write_text("[net]\n")
    (tmp_path / "bad.cfg").write_text("[net]\nwidth=0\n")
    (tmp_path / "bad.weights").write_bytes(b"nothing")
    environment = {**os.environ, "DEEPVISUALMINER_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    done = run(sys.executable, FOLDER / "compile_networks.py", tmp_path, env=environment)
    assert "alone.cfg: no alone.weights beside it, not compiled" in done.stdout
    assert done.returncode == 1
    assert "bad.cfg" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_optimized_tensorflow_is_the_pinned_version(checkout):
    executable(checkout / "bin" / "docker", '#!/bin/sh\n[ "$1" = version ] || printf "%s\\n" "$@"\n')
    script = checkout / FOLDER.name / "launch-tensorflow.sh"
    done = run(script, env={**os.environ, "PATH": f"{checkout / 'bin'}:{os.environ['PATH']}"})
    pinned = re.search(r"^tensorflow\S*==(\S+)", (ROOT / "requirements.txt").read_text(), flags=re.MULTILINE)
    flags = re.search(
        r"^CC_OPT_FLAGS='(.*)'$", (FOLDER / "build-tensorflow.sh").read_text(), flags=re.MULTILINE
    )
    assert f"TensorFlow {pinned.group(1)} from source, with {flags.group(1)}" in done.stdout
    assert done.stdout.splitlines()[-4:] == ["bash", "/build-tensorflow.sh", pinned.group(1), "/wheels"]


def test_no_engine_is_told_in_one_sentence(checkout):
    executable(checkout / "bin" / "docker", "#!/bin/sh\nexit 1\n")
    script = checkout / FOLDER.name / "launch-tensorflow.sh"
    done = run(script, env={**os.environ, "PATH": f"{checkout / 'bin'}:{os.environ['PATH']}"})
    assert done.returncode == 1
    assert done.stderr == "launch-tensorflow.sh: no Docker engine answers; install or start it, or use sudo\n"


def test_compose_gives_a_container_as_little_as_can_be():
    services = yaml.safe_load((FOLDER / "compose.yml").read_text())["services"]
    assert set(services) == {"mine", "nightly"}
    for service in services.values():
        assert service["network_mode"] == "none"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["volumes"][0].endswith(":ro")
    assert services["nightly"]["command"][0] == "nightly"


def test_the_readme_speaks_of_every_file():
    readme = (FOLDER / "README.md").read_text()
    for path in FOLDER.iterdir():
        if path.name not in {"README.md", "shared", ".gitignore"} and not path.name.endswith("cache__"):
            assert path.name in readme, path.name


STAND_INS = {
    "apt-get": "#!/bin/sh\n",
    "npm": "#!/bin/sh\n",
    "clang": "#!/bin/sh\n",
    "git": """#!/bin/sh
for last; do :; done
echo "git: $*" >> "$TOLD"
printf '#!/bin/sh\\necho "configure: $CC_OPT_FLAGS $CLANG_COMPILER_PATH" >> "$TOLD"\\n' > "$last/configure"
chmod +x "$last/configure"
""",
    "bazelisk": """#!/bin/sh
echo "bazelisk: $*" >> "$TOLD"
[ -z "$BROKEN" ] || exit 1
mkdir -p bazel-bin/tensorflow/tools/pip_package/wheel_house
touch bazel-bin/tensorflow/tools/pip_package/wheel_house/tensorflow-9.8.7-cp313-cp313-linux_x86_64.whl
""",
}
"""What building a TensorFlow fetches and runs, none of which is here: each says what it was asked for."""


@pytest.mark.parametrize("broken", ["", "yes"])
def test_building_a_tensorflow_asks_for_the_right_things_and_leaves_a_wheel(tmp_path, broken):
    for name, content in STAND_INS.items():
        executable(tmp_path / "bin" / name, content)
    (tmp_path / "wheels").mkdir()
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "JOBS": "3",
        "BROKEN": broken,
        "TOLD": str(tmp_path / "told"),
        "TMPDIR": str(tmp_path),
    }
    done = run(FOLDER / "build-tensorflow.sh", "9.8.7", tmp_path / "wheels", env=environment)
    git, configure, bazelisk = (tmp_path / "told").read_text().splitlines()
    assert "--branch v9.8.7 " in git
    assert re.fullmatch(r"configure: -march=x86-64-v3 /\S+/bin/clang", configure)
    assert "--config=opt --jobs=3 " in bazelisk
    assert re.search(r"HERMETIC_PYTHON_VERSION=3\.\d+ ", bazelisk)
    made = [path.name for path in (tmp_path / "wheels").iterdir()]
    assert "takes 1 to 2 hours" in done.stdout
    if broken:
        assert done.returncode != 0
        assert "Done" not in done.stdout
        assert made == []
    else:
        assert done.returncode == 0, done.stderr
        assert made == ["tensorflow-9.8.7-cp313-cp313-linux_x86_64.whl"]
