"""A face model on disk: a directory with `model.json` and one gallery file per strategy.

`model.json` holds how faces are prepared before they are compared (size, equalized, aligned), which network
describes them, the names of the label numbers, and the distances beyond which a face is unknown. Directories
of the 2017 program can be read too: their `model.json` has only `width`, `height` and `labels`.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import ModelError
from pipeline.host.command import program_name
from pipeline.text import Spellings, printable
from recognizers.faces.fit import Fit
from recognizers.model.strategies import CLASSIC, STRATEGIES, model_file_name
from recognizers.networks.base import RETRAIN, FaceNetworkRecord

MODEL_FILE = "model.json"
_TRAIN = f"{program_name('facerec-train')} train"
FORMAT = 2
"""Version of `model.json`; 2: faces may be aligned, and described by a network. It is raised when older
versions of the program would misread a new file."""

PENDING_FOLDER = ".deepvisualminer-next"
"""A complete newer model inside the directory that is not yet moved into place; its files take precedence."""

_MAX_JSON_BYTES = 64 << 20


class Method(BaseModel):
    """What the record holds of one strategy.

    Args:
        unknown_distance: the distance beyond which a face is unknown; None if none was measured.
        sha256: of the gallery's file, hexadecimal; None in models of the 2017 program.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    unknown_distance: Annotated[float, Field(gt=0)] | None = None
    sha256: str | None = None


def _with_one_spelling(labels: dict[int, str]) -> dict[int, str]:
    """Replace spellings of a name that differ only in their Unicode form by the first of them."""
    spellings = Spellings()
    return {number: spellings.first(label) for number, label in labels.items()}


class FaceModel(BaseModel):
    """The content of `model.json`; the fields without a default are those of the 2017 program.

    Args:
        width, height: size at which faces are compared, pixels.
        labels: number in the gallery files -> name.
        format: version of this record; 0 for the 2017 program.
        equalized: whether the training faces were equalized; None if that is not recorded.
        fit: how faces of another shape were brought to the size.
        margin: how far the training faces extend beyond the detector's box, or beyond ArcFace's square if
            they are aligned, as a share of its sides.
        aligned: whether the training faces were aligned by their landmarks.
        network: described the faces of the strategy `embedding`; None if the model does not have it.
        methods: strategy -> its record; None if not recorded: the strategies are those whose files exist.
        false_accept_rate: share of strangers that the unknown distances were chosen to accept, 0 to 1.
        opencv: version of OpenCV that trained the model.
        trained: date and time, ISO 8601.
        images_per_label: name -> number of training faces.
        training_files: first 16 hexadecimal digits of the SHA-256 of each training file, by which a test
            notices that it uses training pictures.
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
        """Width and height at which faces are compared, pixels."""
        return self.width, self.height

    def unknown_distance(self, strategy: str) -> float | None:
        """Return the distance beyond which a strategy's nearest face is unknown; None if there is none."""
        method = (self.methods or {}).get(strategy)
        return None if method is None else method.unknown_distance


def read_facemodel(directory: str) -> FaceModel:
    """Read the record of a model directory.

    Raises: ModelError: the directory or its `model.json` is missing or invalid.
    """
    shown = printable(directory)
    if not os.path.isdir(directory):
        what = "is not a directory" if os.path.exists(directory) else "does not exist"
        raise ModelError(f'"{shown}" {what}; give the directory that {_TRAIN} wrote')
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
    """Say why a directory without `model.json` cannot be used, even if it holds gallery files.

    Gallery files hold label numbers but no names, and only the number of pixels of a face (LBPH not even
    that), not its width and height.
    """
    shown = printable(directory)
    found = [strategy for strategy in STRATEGIES if has_gallery(directory, strategy)]
    if not found:
        return f'"{shown}" holds no face model; give the directory that {_TRAIN} wrote'
    files = " and ".join(model_file_name(strategy) for strategy in found)
    return (
        f'"{shown}" holds {files} but no {MODEL_FILE}, which has the names and the size of faces; '
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
    """Return the path of a file of the model, which may lie in a replacement that is not yet moved."""
    pending = os.path.join(directory, PENDING_FOLDER, name)
    return pending if os.path.exists(pending) else os.path.join(directory, name)


def has_gallery(directory: str, strategy: str) -> bool:
    """Return whether a strategy's gallery file exists."""
    return os.path.isfile(locate(directory, model_file_name(strategy)))


def available(directory: str, model: FaceModel) -> tuple[str, ...]:
    """Return the strategies of a model whose gallery files exist, in the order of `STRATEGIES`."""
    known = CLASSIC if model.methods is None else [name for name in STRATEGIES if name in model.methods]
    return tuple(strategy for strategy in known if has_gallery(directory, strategy))


def check_galleries(directory: str, model: FaceModel, wanted: tuple[str, ...]) -> None:
    """Make sure that a model has the galleries of all `wanted` strategies.

    Raises: ModelError: some are missing; lists them and those that exist.
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
    """Return the SHA-256 of the rest of an open binary file, hexadecimal."""
    return hashlib.file_digest(stream, "sha256").hexdigest()
