from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pipeline.config.config import FILES, MAX_NAME_BYTES, read_config
from pipeline.errors import ExitCode, PipelineFileError
from pipeline.models.cascades import iter_cascade_folders
from pipeline.selftest import write_example_models
from tests.running import component, pipeline_file

ROOT = Path(__file__).parents[3]
ORIGINALS = ROOT.parent / "shared" / "reference"
FACES = "haarcascade_frontalface_default.xml"
DETECTOR = component("faces", "simpledetector", model=FACES)


def cascade(name: str = FACES) -> Path:
    return next(folder / name for folder in iter_cascade_folders() if (folder / name).exists())


def write(folder: Path, text: str) -> str:
    (folder / "p.yml").write_text(text, encoding="utf-8")
    return str(folder / "p.yml")


def mistakes(folder: Path, text: str, *, allow_plugins: bool = False) -> list[str]:
    """The lines with which a file is refused, without its folder."""
    path = write(folder, text)
    with pytest.raises(PipelineFileError) as raised:
        read_config(path, allow_plugins=allow_plugins)
    assert raised.value.exit_code is ExitCode.USAGE
    assert str(raised.value) == "\n".join(raised.value.problems)
    assert all(problem.isprintable() for problem in raised.value.problems)
    return [problem.removeprefix(f"{folder}/") for problem in raised.value.problems]


EVERY_MISTAKE = """\
pipelin: 3
pipeline:
- name: faces
  type: simpledetecter
  inputs: [files]
- name: faces
  type: simpledetector
  input: files
  inputs: [files, faces, later, nobody, facs, files, 3]
  params:
    model: nope.xml
    min_neighbors: -1
    scaledown_factor: "1.1"
    triggerlabel: [person]
    triggerlabels: [no, 12, 12:30]
    outputlabel: no
- name: later
  type: simpledetector
  inputs: files
  params:
- name: x
  type: simpledetector
  inputs: x
  params: {model: nope.xml, min_neighbors: 1, min_neighbors: 2, min_size: !!python/object:os.system ls}
- name: w
  type: photowriter
  inputs: [files, x]
  params: {quality: 101, format: gif, size: {width: 3, heigth: 4}}
- just words
- name: "\\e[31m"
  type: a.b:C
  inputs:
- type: 3
  inputs: w
  params: [model]
- {name: frame, type: deepdetector, inputs: files, params: {model: yolov3-tiny, threshold: 1, precision: i4}}
"""

EVERY_LINE = """\
p.yml:1: unknown key "pipelin"; did you mean "pipeline"?
p.yml:4: component "faces": unknown type "simpledetecter"; did you mean "simpledetector"?
p.yml:6: component "faces": the name is taken by an earlier component; choose another
p.yml:8: component "faces": unknown key "input"; did you mean "inputs"?
p.yml:9: component "faces": input "later" comes later in the file; move it before this component
p.yml:9: component "faces": input "nobody" names no component; known: faces, files
p.yml:9: component "faces": input "facs" names no component; did you mean "faces"?
p.yml:9: component "faces": input "files" is given twice
p.yml:9: component "faces": an input must be a word; got 3
p.yml:11: component "faces": params.model: nope.xml: is neither with OpenCV nor in Debian's
p.yml:12: component "faces": params.min_neighbors: expected a number at least 0, got -1
p.yml:13: component "faces": params.scaledown_factor: expected a number, got "1.1"
p.yml:14: component "faces": params has no "triggerlabel"; did you mean "triggerlabels"?
p.yml:15: component "faces": params.triggerlabels.1: expected text, got 12; if you mean the word, write "12"
p.yml:20: component "later": params.model is missing: a cascade's file name as OpenCV ships it, or a path
p.yml:23: component "x": input "x" is the component itself
p.yml:24: component "x": "min_neighbors" is given twice, first in line 24
p.yml:24: component "x": the tag tag:yaml.org,2002:python/object:os.system is not allowed
p.yml:24: component "x": params.model: nope.xml: is neither with OpenCV nor in Debian's
p.yml:27: component "w": a writer writes what components find; "files" finds nothing
p.yml:28: component "w": params.format: expected 'jpg', 'jpeg', 'png' or 'webp', got "gif"
p.yml:28: component "w": params.size.height is missing: greatest height, pixels
p.yml:28: component "w": params has no "size.heigth"; did you mean "height"?
p.yml:28: component "w": params.quality: expected a number at most 100, got 101
p.yml:29: component number 6: expected a mapping with "name", "type" and "inputs"; got "just words"
p.yml:30: component "\\x1b[31m": a name holds no "/" and no control characters, and does not begin with a dot
p.yml:31: component "\\x1b[31m": type "a.b:C" is code from outside; it loads only with --allow-plugins
p.yml:32: component "\\x1b[31m": "inputs" must be a list of "files" or earlier components; got nothing
p.yml:33: component number 8: a component needs a "name", a word; got nothing
p.yml:33: component number 8: a component needs a "type", a word; got 3; known: deepdetector, facedetector,
p.yml:34: component number 8: input "w" is a writer, which finds nothing
p.yml:36: component "frame": this cannot be a component's name: it means something else here or in reports
p.yml:36: component "frame": params.threshold: expected a number less than 1, got 1
p.yml:36: component "frame": params.precision: expected 'auto', 'float32', 'bf16' or 'int8', got "i4"
p.yml:36: component "frame": params.model: model "yolov3-tiny": $CACHE
"""


def test_every_mistake_is_one_line_and_all_are_told_at_once(tmp_path, monkeypatch):
    """A model that is not there too, where other params of its component are wrong."""
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path / "cache"))
    told = mistakes(tmp_path, EVERY_MISTAKE)
    for line, expected in zip(told, EVERY_LINE.splitlines(), strict=True):
        assert line.startswith(expected.replace("$CACHE", str(tmp_path / "cache")))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 'p.yml:1: expected a mapping with the key "pipeline"; got nothing'),
        ("just words", 'p.yml:1: expected a mapping with the key "pipeline"; got "just words"'),
        ("- name: x", 'p.yml:1: expected a mapping with the key "pipeline"; got a list'),
        ("a: 1\npipeline:\n", 'p.yml:1: unknown key "a"; known: on_truncated, pipeline, proxies, video'),
        (
            "\npipeline: {}",
            'p.yml:2: "pipeline" must be a list of components, each beginning with "- name:"; ',
        ),
        ("pipeline: []", 'p.yml:1: "pipeline" must be a list of components, each beginning with '),
        (
            "pipeline: [null]",
            'p.yml:1: component number 1: expected a mapping with "name", "type" and "inputs"',
        ),
        ("[" * 5000, "p.yml:1: nested more than 20 deep"),
        ("a: 1\nb: [", "p.yml:2: not valid YAML: "),
    ],
)
def test_a_file_that_is_no_pipeline(tmp_path, text, line):
    assert mistakes(tmp_path, text)[0].startswith(line)


def test_a_file_that_cannot_be_read(tmp_path):
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "none.yml", "No such file or directory")):
        with pytest.raises(PipelineFileError) as raised:
            read_config(str(path))
        assert str(raised.value) == f"{path}: the pipeline file cannot be read ({reason})"
    with pytest.raises(PipelineFileError, match="/dev/zero:1: larger than 256 KiB"):
        read_config("/dev/zero")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("files", "this cannot be a component's name: it means something else here or in reports"),
        ("time", "this cannot be a component's name: it means something else here or in reports"),
        ("'a/b'", 'a name holds no "/" and no control characters, and does not begin with a dot'),
        (".x", 'a name holds no "/" and no control characters, and does not begin with a dot'),
        ("ä" * 51, f"a name may have {MAX_NAME_BYTES} bytes, this one has 102"),
        ("x" * 5000, f"a name may have {MAX_NAME_BYTES} bytes, this one has 5000"),
        ("12", 'a component needs a "name", a word; got 12'),
        ("''", 'a component needs a "name", a word; got ""'),
    ],
)
def test_names_that_cannot_be(tmp_path, name, sentence):
    (told,) = mistakes(tmp_path, "pipeline:\n" + component(name, "simpledetector", model=FACES))
    assert told.endswith(f": {sentence}")
    assert len(told) < 200


def test_what_is_read_is_what_the_file_says(tmp_path):
    (tmp_path / "my.xml").write_bytes(cascade().read_bytes())
    config = read_config(
        write(
            tmp_path,
            """\
pipeline:
- {name: a, type: simpledetector, inputs: files, params: {model: my.xml, outputlabel: no, triggerlabels: all}}
- name: ünï "c" ödé
  type: simpledetector
  inputs: [a, files]
  params: {model: ./my.xml, min_neighbors: 0o17, triggerlabels: [no, on]}
- name: r
  type: jsonreportwriter
  inputs: [a]
  params:
""",
        )
    )
    first, second, writer = config.components
    assert (first.name, first.type, first.inputs) == ("a", "simpledetector", (FILES,))
    assert first.target == "detectors.simpledetector:SimpleDetector"
    assert (first.params.outputlabel, first.params.triggerlabels) == ("no", ())
    assert (second.name, second.inputs) == ('ünï "c" ödé', ("a", FILES))
    assert (second.params.min_neighbors, second.params.triggerlabels) == (15, ("no", "on"))
    assert writer.params.triggerlabels == ()
    for model in (first.params.model, second.params.model):
        assert Path(model).samefile(tmp_path / "my.xml")


def test_paths_are_relative_to_the_file_and_know_home_and_variables(tmp_path, monkeypatch):
    home = tmp_path / "home"
    shutil.copy(cascade(), home.mkdir() or home / "my.xml")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("CASCADES", "home")
    monkeypatch.chdir("/")
    for model in ("~/my.xml", "$CASCADES/my.xml", "${CASCADES}/../home/my.xml", f"{home}/my.xml"):
        config = read_config(pipeline_file(tmp_path / "p.yml", component("a", "simpledetector", model=model)))
        assert Path(config.components[0].params.model).samefile(home / "my.xml")
    told = mistakes(tmp_path, "pipeline:\n" + component("a", "simpledetector", model="~/no.xml"))
    assert told[0].startswith(f'p.yml:6: component "a": params.model: {home}/no.xml: there is no such file')


@pytest.mark.parametrize("model", ["x" * 5000 + ".xml", "a/" * 3000, "nul\0.xml", "~nobody-of-that-name/x"])
def test_models_by_impossible_names_are_one_line(tmp_path, model):
    text = f'pipeline:\n- {{name: a, type: simpledetector, inputs: files, params: {{model: "{model}"}}}}\n'
    (told,) = mistakes(tmp_path, text.replace("\0", "\\0"))
    assert told.startswith('p.yml:2: component "a": ')


def test_a_folder_whose_name_is_no_text(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    folder.mkdir()
    shutil.copy(cascade(), folder / "my.xml")
    text = component("a", "simpledetector", model="my.xml", min_size=0)
    with pytest.raises(PipelineFileError) as raised:
        read_config(str(pipeline_file(folder / "p.yml", text)))
    assert str(raised.value).startswith(f"{tmp_path}/\ufffd/p.yml:7: ")
    good = pipeline_file(folder / "p.yml", text.replace("min_size: 0", "min_size: 9"))
    assert len(read_config(str(good)).fingerprint) == 64


class TestPlugins:
    """A type that is no word of the catalogue."""

    @staticmethod
    def told(folder: Path, type_: str, **params: object) -> str:
        text = "pipeline:\n" + component("a", type_, **params)
        return mistakes(folder, text, allow_plugins=True)[0]

    def test_loads_only_when_it_is_allowed(self, tmp_path):
        path = str(pipeline_file(tmp_path / "p.yml", component("a", "tests.plugins.raises:Raises", width=3)))
        assert read_config(path, allow_plugins=True).components[0].params.width == 3
        with pytest.raises(PipelineFileError, match="it loads only with --allow-plugins"):
            read_config(path)

    @pytest.mark.parametrize(
        ("type_", "reason"),
        [
            ("tests.plugins.nowhere:X", "ModuleNotFoundError: No module named 'tests.plugins.nowhere'"),
            ("tests.plugins.raises:X", "AttributeError: module 'tests.plugins.raises' has no attribute 'X'"),
            (
                "tests.plugins.bad_checks:NoComponent",
                "TypeError: tests.plugins.bad_checks:NoComponent is",
            ),
            ("tests.plugins.script:X", "SystemExit: this module is a script"),
            (
                "pipeline.component:Detector",
                "TypeError: pipeline.component:Detector has no detect() of its own",
            ),
            ("pipeline.component:Writer", "TypeError: pipeline.component:Writer has no open() of its own"),
            ("'..x:Y'", "TypeError: the 'package' argument is required"),
            ("':X'", "ValueError: Empty module name"),
            ("'a:'", "ModuleNotFoundError: No module named 'a'"),
        ],
    )
    def test_that_cannot_be_loaded(self, tmp_path, type_, reason):
        word = type_.strip("'")
        assert self.told(tmp_path, type_).startswith(
            f'p.yml:3: component "a": type "{word}" cannot be loaded ({reason}'
        )

    def test_whose_module_is_not_found_says_where_to_name_it(self, tmp_path):
        assert self.told(tmp_path, "nowhere:X").endswith("; name its folder in PYTHONPATH")

    @pytest.mark.parametrize(
        ("type_", "reason"), [("BadCheck", "no such thing"), ("BadParams", "no such word")]
    )
    def test_whose_own_checks_fail(self, tmp_path, type_, reason):
        told = self.told(
            tmp_path, f"tests.plugins.bad_checks:{type_}", **{"word": "x"} if "P" in type_ else {}
        )
        assert told.startswith('p.yml:5: component "a": the params cannot be checked (LookupError: ')
        assert reason in told


def test_fingerprint_is_of_what_decides_the_results(tmp_path):
    model = tmp_path / "my.xml"
    model.write_bytes(cascade().read_bytes())
    text = "pipeline:\n" + component("a", "simpledetector", model="my.xml", min_neighbors=3)

    def fingerprint(text: str) -> str:
        return read_config(write(tmp_path, text)).fingerprint

    first = fingerprint(text)
    assert fingerprint("# a comment\n" + text.replace("'my.xml'", '"my.xml"')) == first
    assert fingerprint(text.replace("    min_neighbors: 3\n", "")) == first  # the default
    assert fingerprint(text.replace(": 3", ": 4")) != first
    assert fingerprint(text.replace("name: a", "name: b")) != first
    model.write_bytes(cascade().read_bytes() + b"<!-- changed -->")
    assert fingerprint(text) != first


@pytest.mark.skipif(not ORIGINALS.is_dir(), reason="the 2017 pipeline files are not here")
@pytest.mark.parametrize(
    "name", ["example-pipeline", "onlycascade", "onlycatfacerecog", "onlydetector", "onlydetectorreport"]
)
def test_the_pipeline_files_of_2017_load(name, tmp_path):
    """As they are, but for the place of the container's root folder."""
    darkflow, haar, lbp = (tmp_path / f for f in ("darkflow/cfg", "data/haarcascades", "data/lbpcascades"))
    for folder in (darkflow, haar, lbp, tmp_path / "models"):
        folder.mkdir(parents=True)
    write_example_models(tmp_path)
    for ending in (".cfg", ".weights", ".names"):
        shutil.move(tmp_path / f"tiny{ending}", darkflow / f"yolo{ending}")
    (darkflow / "yolo.names").write_text("person\ncat\n")
    shutil.move(tmp_path / "faces", tmp_path / "models" / "mycats")
    shutil.copy(cascade(), haar)
    shutil.copy(cascade("haarcascade_frontalcatface.xml"), lbp / "lbpcascade_frontalcatface.xml")
    text = (ORIGINALS / f"original-{name}.yml").read_text(encoding="utf-8")
    config = read_config(write(tmp_path, text.replace("/root/", f"{tmp_path}/")))
    assert len(config.components) == text.count("- name:")
    (mistake, *_) = mistakes(tmp_path, text.replace("/root/", "/no-such-root/"))
    assert mistake.startswith("p.yml:")


def test_validation_imports_nothing_heavy(run_python, tmp_path):
    """The parent process stays small, whatever the pipeline holds."""
    write_example_models(tmp_path)
    path = pipeline_file(
        tmp_path / "p.yml",
        component("objects", "deepdetector", model="tiny.cfg", labels="tiny.names"),
        component("faces", "simpledetector", "objects", model=FACES),
        component("names", "recognizer", "faces", model="faces"),
        component("report", "jsonreportwriter", "objects, faces, names"),
        *(
            component(f"p{type_}", type_, "names")
            for type_ in ("photowriter", "framewriter", "videowriter", "xmpwriter")
        ),
    )
    heavy = run_python(
        """
import pipeline.miner, visualminer
from pipeline.config.config import read_config
count = len(read_config(sys.argv[1]).components)
heavy = {"cv2", "tensorflow", "ai_edge_litert", "onnxruntime", "PIL", "numpy", "lxml"}
answer = [count, sorted(heavy & sys.modules.keys())]
""",
        path,
    )
    assert heavy == [8, []]
