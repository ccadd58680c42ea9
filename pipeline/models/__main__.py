"""Command line of model files: list, fetch, verify and find those that are known by name.

.venv/bin/python -m pipeline.models fetch yolov3-tiny
"""

from __future__ import annotations

import argparse
import importlib
import io
import signal
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from pipeline.errors import ExitCode, ModelError
from pipeline.host.command import command
from pipeline.host.libraries import configure
from pipeline.host.program import OneLineParser, exit_status
from pipeline.models.added import add_model, iter_added, verify_added
from pipeline.models.catalog import (
    BETTER_DEFAULTS,
    DEFAULT,
    STANDS_FOR,
    YUNET,
    NamedModel,
    find_model,
    read_catalog,
    read_official,
)
from pipeline.models.enginelisting import list_engines
from pipeline.models.fetch import copy_files, fetch, fetch_first, megabytes
from pipeline.models.fetchdefault import MOST_MS, fetch_default
from pipeline.models.fetched import FileState, check_size, first_here, is_here, model_folder, verify
from pipeline.models.files import (
    ADD_COMMAND,
    FETCH_COMMAND,
    added_folder,
    official_remedy,
)
from pipeline.text import printable

PROGRAM = command("visualminer-models")
_CHECK = "detectors.darknet.adding:checked_files"
"""What checks a network that is added; a name, as in the catalogue of components, since it stands above."""
_MEASURE = "detectors.onnx.engines:milliseconds"
"""What measures a network that may become the default; see `fetch_default`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns an exit code of `ExitCode`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # print folders' names as their bytes
    options = _parser().parse_args(arguments)
    return exit_status(
        lambda: options.act(options), interrupted="interrupted; nothing half fetched was left behind"
    )


def _terminate(signal_number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(ExitCode.TERMINATED)


def _list(options: argparse.Namespace) -> ExitCode:
    models = read_catalog().values()
    width = max(len(model.name) for model in models)
    print(f"{'NAME':<{width}}  {'KIND':<8} {'SIZE':>9}  HERE")
    for model in models:
        states = {check_size(model_folder(model.name) / name, file) for name, file in model.files.items()}
        print(f"{model.name:<{width}}  {model.kind:<8} {megabytes(model.size_bytes):>9}  {_here(states)}")
        print(_indented(model.description))
        print(_indented(f"licence: {model.licence}"))
        if states == {FileState.OK}:
            print(f"    in {printable(model_folder(model.name))}")
        else:
            print(f"    type: {FETCH_COMMAND} {model.name}")
    for name, files in iter_added():
        size = megabytes(sum(path.stat().st_size for path in files.values()))
        print(f"{name:<{width}}  {'darknet':<8} {size:>9}  yes")
        print(_indented("added by you"))
        print(f"    in {printable(files['.cfg'].parent)}")
    print(f"\nThese run too, but cannot be fetched: download one, then type\n{ADD_COMMAND}")
    officials = read_official().values()
    for official in officials:
        if official.checkpoint is None:
            print(_indented(f"{official.name}: {official.description}; {official.source}"))
    print("\nThese run too, as an .onnx that you export from their checkpoint:")
    for official in officials:
        if official.checkpoint is not None:
            print(_indented(f"{official.name}: {official.description}; {official.licence}"))
            print(f"        how: {FETCH_COMMAND} {official.name}")
    return ExitCode.OK


def _add(options: argparse.Namespace) -> ExitCode:
    files = _named(_CHECK)(options.cfg, options.weights, options.names)
    folder = add_model(options.name, files)
    _say(f'{options.name}: added, in {printable(folder)}; write "model: {options.name}" in a pipeline file')
    return ExitCode.OK


def _indented(text: str) -> str:
    return textwrap.fill(
        text, width=100, initial_indent="    ", subsequent_indent="        ", break_on_hyphens=False
    )


def _here(states: set[FileState]) -> str:
    if states == {FileState.OK}:
        return "yes"
    return "no" if states == {FileState.MISSING} else "not whole"


def _named(place: str) -> Callable[..., Any]:
    module, _, function = place.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def _fetch(options: argparse.Namespace) -> ExitCode:
    for model in options.models:
        if model == DEFAULT:
            model = fetch_default(_say, lambda file: _named(_MEASURE)(file), again=options.again)
        elif model.name in STANDS_FOR:
            model = fetch_first(model.name, _say)
        else:
            fetch(model, _say)
        if options.to is not None:
            copy_files(model, options.to, _say)
    return ExitCode.OK


def _verify(options: argparse.Namespace) -> ExitCode:
    code = ExitCode.OK
    for model in map(_meant, options.models) if options.models else read_catalog().values():
        folder = model_folder(model.name)
        states = {name: verify(folder / name, file) for name, file in model.files.items()}
        for name, state in states.items():
            _say(f"{state:<8} {printable(folder / name)}")
        never_fetched = not options.models and set(states.values()) == {FileState.MISSING}
        if set(states.values()) != {FileState.OK} and not never_fetched:
            code = ExitCode.SOME_FAILED
            print(f"{model.name}: is not whole; type: {FETCH_COMMAND} {model.name}", file=sys.stderr)
    for mine, _ in iter_added() if not options.models else ():
        added = verify_added(mine)
        for path, state in added.items():
            _say(f"{state:<8} {printable(path)}")
        if set(added.values()) != {FileState.OK}:
            code = ExitCode.SOME_FAILED
            place = printable(added_folder() / mine)
            print(f"{mine}: is not as it was added; delete {place} and add it again", file=sys.stderr)
    return code


def _path(options: argparse.Namespace) -> ExitCode:
    name = DEFAULT if options.model == DEFAULT else options.model.name
    here = first_here(name) if name in STANDS_FOR else name
    if here is None or not is_here(find_model(here)):
        raise ModelError(f"{name}: is not on this machine, or not whole; type: {FETCH_COMMAND} {name}")
    print(model_folder(here))
    return ExitCode.OK


def _meant(model: NamedModel) -> NamedModel:
    """The model that a name means on this machine: `yunet` may be its older file."""
    return find_model(first_here(model.name) or model.name) if model.name in STANDS_FOR else model


def _say(line: str) -> None:
    print(line, flush=True)


def _model_or_default(name: str) -> NamedModel | str:
    """Parse an argument: a model's name, or the word that stands for several models."""
    return name if name == DEFAULT else _model(name)


def _model(name: str) -> NamedModel:
    """Parse an argument: a model's name."""
    if name not in read_catalog() and name in read_official():
        raise argparse.ArgumentTypeError(f'"{name}" cannot be fetched from here; {official_remedy(name)}')
    try:
        return find_model(name)
    except ModelError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog=PROGRAM,
        description="List, fetch and verify the model files that a pipeline file can name.",
        epilog=f"example: {FETCH_COMMAND} yolov3-tiny",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser(
        "list",
        help="show the models, and which are on this machine",
        description="Show each model of the catalogue: kind, size, licence, and whether it is here.",
        epilog=f"example: {PROGRAM} list",
    )
    listing.set_defaults(act=_list)

    _add_fetching(commands)
    _add_adding(commands)

    verifying = commands.add_parser(
        "verify",
        help="check the files on this machine",
        description="Check the SHA-256 of each file: ok, missing or damaged. Exit code 1 if one is damaged, "
        "or missing from a model that was named or is partly here.",
        epilog=f"example: {PROGRAM} verify yolov3-tiny",
    )
    verifying.add_argument("models", nargs="*", type=_model, metavar="NAME", help="none: every model")
    verifying.set_defaults(act=_verify)

    _add_engines(commands)

    finding = commands.add_parser(
        "path",
        help="print the folder of a model",
        description="Print the folder of a fetched model.",
        epilog=f"example: ls $({PROGRAM} path yolov3-tiny)",
    )
    finding.add_argument("model", type=_model_or_default, metavar="NAME", help=f'see "list"; or "{DEFAULT}"')
    finding.set_defaults(act=_path)
    return parser


def _add_fetching(commands: Any) -> None:
    fetching = commands.add_parser(
        "fetch",
        help="fetch models into the cache folder",
        description="Fetch models, or the sample photographs, from the catalogue's sources and check each "
        f'SHA-256. Correct files are not fetched again. "{DEFAULT}" is the most accurate of '
        f"{', '.join((STANDS_FOR[DEFAULT][0], *BETTER_DEFAULTS))} that takes at most {MOST_MS:g} ms "
        f"of CPU a picture on this machine, measured once; {STANDS_FOR[DEFAULT][1]} if none can be fetched. "
        f"{YUNET} is the first of {', '.join(STANDS_FOR[YUNET])} that can be fetched.",
        epilog=f"example: {PROGRAM} fetch sample-photos --to demo/photos",
    )
    fetching.add_argument(
        "models", nargs="+", type=_model_or_default, metavar="NAME", help=f'see "list"; or "{DEFAULT}"'
    )
    fetching.add_argument("--to", type=Path, metavar="FOLDER", help="copy the files to this folder too")
    fetching.add_argument(
        "--again",
        action="store_true",
        help=f'measure again what "{DEFAULT}" is',
    )
    fetching.set_defaults(act=_fetch)


def _add_engines(commands: Any) -> None:
    engines = commands.add_parser(
        "engines",
        help="show which engine runs which network here",
        description="Show the engine that was chosen for each network on this machine, and the CPU time of "
        "one call in each engine, as measured then.",
        epilog=f"example: {PROGRAM} engines",
    )
    engines.add_argument(
        "--forget", action="store_true", help="forget the choices; the next run measures again"
    )
    engines.set_defaults(act=list_engines)


def _add_adding(commands: Any) -> None:
    adding = commands.add_parser(
        "add",
        help="keep a Darknet network of your own under a name",
        description="Check that a .cfg, its .weights and its class names belong together, and copy them to "
        "where a pipeline file finds them by name.",
        epilog=f"example: {ADD_COMMAND} yolov4-tiny ~/yolov4-tiny.cfg ~/yolov4-tiny.weights",
    )
    adding.add_argument("name", metavar="NAME", help="letters, digits, _, + and -")
    adding.add_argument("cfg", type=Path, metavar="CFG", help="the network's .cfg")
    adding.add_argument("weights", type=Path, metavar="WEIGHTS", help="its .weights")
    adding.add_argument(
        "--names",
        type=Path,
        metavar="FILE",
        help="a class name a line; else the .names beside the .cfg, if any",
    )
    adding.set_defaults(act=_add)


def run() -> int:
    """Run as a program; SIGTERM raises SystemExit, so that temporary files are removed."""
    signal.signal(signal.SIGTERM, _terminate)
    configure()
    return main()


if __name__ == "__main__":
    sys.exit(run())
