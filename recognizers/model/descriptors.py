"""The gallery of the strategy `embedding`: descriptors of the known faces.

Adding a face adds a row; the other rows stay as they are.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.text import printable
from recognizers.model.facemodel import FaceModel, locate
from recognizers.model.gallery import Nearest
from recognizers.model.strategies import EMBEDDING, model_file_name
from recognizers.networks.base import RETRAIN, DescriptorArray


class DescriptorGallery:
    """Descriptors of known faces, with label numbers.

    Args:
        numbers: (N,) keys of the model's labels, N >= 1.
        descriptors: (N, D).
    """

    strategy = EMBEDDING

    def __init__(self, numbers: Sequence[int] | NDArray[np.int32], descriptors: DescriptorArray) -> None:
        self.numbers: NDArray[np.int32] = np.asarray(numbers, dtype=np.int32)
        self.descriptors = np.asarray(descriptors, dtype=np.float32)

    @classmethod
    def read(cls, directory: str, model: FaceModel) -> DescriptorGallery:
        """Read the gallery of a model directory, a numpy file with records of `number` and `descriptor`.

        Raises: ModelError: it is missing, damaged, or does not belong to the model's record.
        """
        path = locate(directory, model_file_name(EMBEDDING))
        shown = printable(path)
        try:
            with open(path, "rb") as stream:
                content = stream.read()
            known = (model.methods or {})[EMBEDDING].sha256
            if known != hashlib.sha256(content).hexdigest():
                raise ModelError(f"{shown}: not the file that model.json was written with; {RETRAIN}")
            rows = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
            gallery = cls(rows["number"], rows["descriptor"])
        except OSError as error:
            raise ModelError(f"{shown}: cannot be read ({error.strerror}); {RETRAIN}") from None
        except (KeyError, ValueError, IndexError):
            raise ModelError(f"{shown}: holds no descriptors of faces; {RETRAIN}") from None
        gallery._check(model, shown)
        return gallery

    def nearest(self, descriptor: DescriptorArray) -> Nearest:
        """Return the known face nearest to a descriptor, by Euclidean distance."""
        distances = np.linalg.norm(self.descriptors - descriptor, axis=1)
        index = int(distances.argmin())
        return Nearest(int(self.numbers[index]), float(distances[index]))

    def only(self, rows: Sequence[int]) -> DescriptorGallery:
        """Return a gallery with some of the faces, by their indices."""
        return DescriptorGallery(self.numbers[list(rows)], self.descriptors[list(rows)])

    def joined(self, other: DescriptorGallery) -> DescriptorGallery:
        """Return a gallery with the faces of both."""
        return DescriptorGallery(
            np.concatenate((self.numbers, other.numbers)),
            np.concatenate((self.descriptors, other.descriptors)),
        )

    def to_bytes(self) -> bytes:
        """Return the content of the gallery's file."""
        width = self.descriptors.shape[1]
        rows = np.empty(len(self.numbers), dtype=[("number", "<i4"), ("descriptor", "<f4", (width,))])
        rows["number"], rows["descriptor"] = self.numbers, self.descriptors
        stream = io.BytesIO()
        np.lib.format.write_array(stream, rows, version=(1, 0), allow_pickle=False)
        return stream.getvalue()

    def _check(self, model: FaceModel, shown: str) -> None:
        """Check the gallery against the model's record.

        Raises: ModelError: they do not fit together.
        """
        if self.descriptors.ndim != 2 or not len(self.numbers) or not np.isfinite(self.descriptors).all():
            raise ModelError(f"{shown}: damaged; {RETRAIN}")
        nameless = sorted(set(self.numbers.tolist()) - set(model.labels))
        if nameless:
            raise ModelError(f"{shown}: label number {nameless[0]} has no name in model.json; {RETRAIN}")
