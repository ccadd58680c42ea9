"""A face model on disk: a directory with `model.json` and one gallery file a strategy.

`model.json` says how faces must look before they are compared (size, equalized or not, aligned or not), which
network describes them, which number is whose name, and beyond which distance a face is nobody's. Directories
of the 2017 program load too: their `model.json` has only `width`, `height` and `labels`.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import ModelError
from pipeline.text import Spellings, printable
from recognizers.faces.fit import Fit
from recognizers.model.strategies import CLASSIC, STRATEGIES, model_file_name
from recognizers.networks.base import RETRAIN, FaceNetworkRecord

MODEL_FILE = "model.json"
FORMAT = 2
"""2: faces may be aligned, and described by a network. Raised when a `model.json` is written that older
versions would misread."""

PENDING_FOLDER = ".deepvisualminer-next"
"""A complete newer model inside the directory, not yet moved into place: what it holds counts first."""

_MAX_JSON_BYTES = 64 << 20


class Method(BaseModel):
    """What is known of one strategy's gallery.

    Args:
        unknown_distance: the distance beyond which a face is nobody's; None where none was measured.
        sha256: of the gallery's file; None in models of the 2017 program.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    unknown_distance: Annotated[float, Field(gt=0)] | None = None
    sha256: str | None = None


def _with_one_spelling(labels: dict[int, str]) -> dict[int, str]:
    """Labels as given, but two spellings of one name as the first of them."""
    spellings = Spellings()
    return {number: spellings.first(label) for number, label in labels.items()}


class FaceModel(BaseModel):
    """The content of `model.json`; the fields without a default are the 2017 program's.

    Args:
        width, height: of the faces that are compared, pixels.
        labels: number in the gallery files -> name.
        format: version of this record; 0 for the 2017 program.
        equalized: whether the faces were equalized; None where nobody wrote it down.
        fit: how faces of another shape were brought to the size.
        margin: how far the taught faces reach beyond the detector's box, or beyond ArcFace's square where
            they are aligned, as a share of its sides.
        aligned: whether the taught faces were aligned by their landmarks.
        network: what described the faces of the strategy `embedding`; None where it is not in the model.
        methods: strategy -> what is known of its gallery; None: whatever files there are.
        false_accept_rate: the share of strangers that the unknown distances were chosen to let pass.
        opencv: version that trained.
        trained: date and time, ISO 8601.
        images_per_label: name -> how many faces were taught.
        training_files: first 16 hexadecimal digits of each taught file's SHA-256, to tell a test that
            asks about them again.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    width: Annotated[int, Field(ge=1, le=10_000)]
    height: Annotated[int, Field(ge=1, le=10_000)]
    labels: Annotated[dict[int, str], Field(min_length=1), AfterValidator(_with_one_spelling)]
    format: Annotated[int, Field(ge=0)] = 0
    equalized: bool | None = None
    fit: Fit = Fit.STRETCH
    margin: Annotated[float, Field(ge=0, le=1)] = 0.0
    aligned: bool = False
    network: FaceNetworkRecord | None = None
    methods: dict[str, Method] | None = None
    false_accept_rate: float | None = None
    opencv: str | None = None
    trained: str | None = None
    images_per_label: dict[str, int] = Field(default_factory=dict)
    training_files: tuple[str, ...] = ()

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the faces that are compared."""
        return self.width, self.height

    def unknown_distance(self, strategy: str) -> float | None:
        """The distance beyond which a strategy's nearest face does not count; None where none is known."""
        method = (self.methods or {}).get(strategy)
        return None if method is None else method.unknown_distance


def read_facemodel(directory: str) -> FaceModel:
    """The record of a model directory.

    Raises: ModelError: no directory, no `model.json`, or not one that can be read.
    """
    shown = printable(directory)
    if not os.path.isdir(directory):
        what = "is not a directory" if os.path.exists(directory) else "does not exist"
        raise ModelError(f'"{shown}" {what}; give the directory that facerec_train.py train wrote')
    path = locate(directory, MODEL_FILE)
    try:
        with open(path, "rb") as stream:
            content = stream.read(_MAX_JSON_BYTES + 1)
    except FileNotFoundError:
        raise ModelError(_without_record(directory)) from None
    except OSError as error:
        raise ModelError(f"{printable(path)}: cannot be read ({error.strerror})") from None
    if len(content) > _MAX_JSON_BYTES:
        raise ModelError(f"{printable(path)}: over {_MAX_JSON_BYTES >> 20} MB, no model.json; {RETRAIN}")
    return _parse(content, printable(path))


def _without_record(directory: str) -> str:
    """Why a directory without `model.json` is of no use, even where gallery files lie in it.

    The gallery files know numbers but no names, and of the size only how many pixels a face has (LBPH not
    even that).
    """
    shown = printable(directory)
    found = [strategy for strategy in STRATEGIES if has_gallery(directory, strategy)]
    if not found:
        return f'"{shown}" holds no face model; give the directory that facerec_train.py train wrote'
    files = " and ".join(model_file_name(strategy) for strategy in found)
    return (
        f'"{shown}" holds {files} but no {MODEL_FILE}, which alone knows the names and the size of faces; '
        f"put it back or {RETRAIN}"
    )


def _parse(content: bytes, shown: str) -> FaceModel:
    try:
        record: Any = json.loads(content)
        model = FaceModel.model_validate(record)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise ModelError(f"{shown}: {where}: {first['msg'].lower()}; {RETRAIN}") from None
    except (ValueError, RecursionError):
        raise ModelError(f"{shown}: is not JSON; {RETRAIN}") from None
    if model.format > FORMAT:
        raise ModelError(f"{shown}: written by a newer version (format {model.format}); use that version")
    return model


def locate(directory: str, name: str) -> str:
    """Where a file of the model lies: in a finished replacement that waits to be moved, or in its place."""
    pending = os.path.join(directory, PENDING_FOLDER, name)
    return pending if os.path.exists(pending) else os.path.join(directory, name)


def has_gallery(directory: str, strategy: str) -> bool:
    """Whether a strategy's gallery file is there."""
    return os.path.isfile(locate(directory, model_file_name(strategy)))


def available(directory: str, model: FaceModel) -> tuple[str, ...]:
    """The strategies whose galleries belong to the model and are there, in the order of `STRATEGIES`."""
    known = CLASSIC if model.methods is None else [name for name in STRATEGIES if name in model.methods]
    return tuple(strategy for strategy in known if has_gallery(directory, strategy))


def check_galleries(directory: str, model: FaceModel, wanted: tuple[str, ...]) -> None:
    """Make sure that a model has the galleries of all `wanted` strategies.

    Raises: ModelError: names the missing ones and those that are there.
    """
    there = available(directory, model)
    missing = [model_file_name(strategy) for strategy in wanted if strategy not in there]
    if missing or not there:
        names = " and ".join(missing or [model_file_name(strategy) for strategy in CLASSIC])
        have = f"it has {', '.join(there)}" if there else "it has no gallery at all"
        raise ModelError(
            f'"{printable(directory)}" has no {names} ({have}); train that strategy too, or do not ask for it'
        )


def file_digest(stream: Any) -> str:
    """SHA-256 of an open binary file from where it stands, hexadecimal."""
    return hashlib.file_digest(stream, "sha256").hexdigest()
