"""`visualminer.py --init DIR`: makes a folder with what mining needs, and prints the next commands."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline.config.examples import read_example
from pipeline.errors import UsageError
from pipeline.files.outputerrors import output_errors
from pipeline.files.outputs import write_file
from pipeline.formats import promises_media
from pipeline.host.command import command, program_name, program_path
from pipeline.models.catalog import STANDS_FOR
from pipeline.models.fetched import first_here, partly_here
from pipeline.text import printable

_PIPELINE, _FACES, _CRON, _OUTPUT = "people.yml", "faces", "crontab.txt", "mined"
_MODELS = ("default", "yunet", "sface")
"""What `people.yml` and the training of names need."""
_XDG_PICTURES = re.compile(r'^XDG_PICTURES_DIR="\$HOME/([^"\n]+)"', re.MULTILINE)
_MOST_BYTES = 1 << 16


def start(folder: str, photos: str | None) -> Iterator[str]:
    """Write a pipeline file, a folder for faces and a cron line; yield what to print: the next commands.

    Args:
        folder: for these files, the outputs and the face model; made if it does not exist.
        photos: INPUT; None for the user's own folder of pictures.
    Raises:
        UsageError: the folder holds photos or such files already, or is among the photos, or no photos exist.
        OutputError: it cannot be written.
    """
    root = Path(folder).absolute()
    source = Path(photos).absolute() if photos is not None else pictures_folder()
    _check(root, source, given=photos is not None)
    with output_errors(root):
        (root / _FACES).mkdir(parents=True, exist_ok=True)
    write_file(root / _PIPELINE, read_example("people").encode())
    write_file(root / _CRON, f"{_cron_line(root, source)}\n".encode("utf-8", "surrogateescape"))
    yield f"{printable(root / _PIPELINE)}: the pipeline file: objects, faces and names"
    yield f"{printable(root / _FACES)}: a folder for faces, to teach names with"
    yield f"{printable(root / _CRON)}: the line for crontab -e, to mine every night"
    yield "next:"
    miner, trainer = command("visualminer"), command("facerec-train")
    model = _quoted(root / "familymodel")
    if missing := [name for name in _MODELS if not _is_here(name)]:
        yield f"  {command('visualminer-models')} fetch {' '.join(missing)}"
    mine = f"  {miner} {_quoted(source)} {_quoted(root / _OUTPUT)} {_quoted(root / _PIPELINE)}"
    yield f"1. mine: finds objects and faces in {printable(source)}"
    yield mine
    yield "2. cut out the faces without a name, similar ones into one folder; name the folders after people"
    yield f"  {trainer} unknown {_quoted(root / _OUTPUT)} {_quoted(root / _FACES)} --model {model}"
    yield "3. teach the names; then mine again (1), and the reports and pictures have them"
    listed = _quoted(root / "faces.csv")
    yield (
        f"  {trainer} csv {_quoted(root / _FACES)} {listed} && "
        f"{trainer} train {listed} 80 {_quoted(root / 'test.csv')} {model}"
    )


def _is_here(model: str) -> bool:
    """Whether a model, or one that stands for this word, is on this machine."""
    name = first_here(model) if model in STANDS_FOR else model
    return name is not None and partly_here(name)


def pictures_folder() -> Path:
    """The user's folder of pictures, as the desktop has it, else `~/Pictures` or `~/photos`."""
    home = Path.home()
    candidates = [home / "Pictures", home / "photos"]
    try:
        with open(home / ".config" / "user-dirs.dirs", encoding="utf-8", errors="surrogateescape") as stream:
            if found := _XDG_PICTURES.search(stream.read(_MOST_BYTES)):
                candidates.insert(0, home / found[1])
    except OSError:
        pass  # no desktop
    return next((folder for folder in candidates if folder.is_dir()), candidates[-1])


def _check(root: Path, source: Path, *, given: bool) -> None:
    """Refuse a folder that is not for the program's own files.

    Raises: UsageError: why, and what to type.
    """
    init = f"{program_name('visualminer')} --init"
    if given and not source.exists():
        raise UsageError(f"{printable(source)}: there is no such folder of photos")
    if os.path.lexists(root) and not root.is_dir():
        raise UsageError(f"{printable(root)} is no folder; name one for the program's files")
    names = os.listdir(root) if root.is_dir() else []
    if any(map(promises_media, names)):
        raise UsageError(
            f"{printable(root)} holds photos or videos; name a folder of its own for the program's files: "
            f"{init} {_quoted(root.with_name(f'{root.name}-mining'))} {_quoted(root)}"
        )
    if source.is_dir() and root.resolve().is_relative_to(source.resolve()):
        raise UsageError(
            f"{printable(root)} lies among the photos of {printable(source)}, so that faces would be mined; "
            f"name a folder outside: {init} {_quoted(source.with_name(f'{source.name}-mining'))} "
            f"{_quoted(source)}"
        )
    if not source.exists():
        raise UsageError(
            f"{printable(source)}: there is no such folder; name the folder of your photos: {init} "
            f"{_quoted(root)} PHOTOS"
        )
    for name in (_PIPELINE, _CRON):
        if os.path.lexists(root / name):
            raise UsageError(f"{printable(root / name)} exists already; nothing was written")


def _cron_line(root: Path, source: Path) -> str:
    """A line of a crontab, in which `%` would end the command."""
    words = [
        *(sys.executable, str(program_path("visualminer")), "--quiet", "--prune", "--min-age", "60"),
        *("--log-file", str(root / f"{_OUTPUT}.log")),
        *(str(source), str(root / _OUTPUT), str(root / _PIPELINE)),
    ]
    return f"15 2 * * * {shlex.join(words)}".replace("%", r"\%")


def _quoted(path: Path) -> str:
    """A path as a shell reads it, with the home folder as `~` where that needs no quotes."""
    text = printable(path)
    home = f"{Path.home()}/"
    rest = text.removeprefix(home)
    return f"~/{rest}" if rest != text and shlex.quote(rest) == rest else shlex.quote(text)
