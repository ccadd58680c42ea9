"""The gallery of the strategy `embedding`: the known faces as a network described them.

A face more is a row more; nothing that was taught before changes.
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
    """Known faces, and whose they are.

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
        """The gallery of a model directory: records `number`, `descriptor` in numpy's own format.

        Raises: ModelError: missing, or not the one that the model's record speaks of.
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
        """The known face nearest to a probe's descriptor, by the length of the difference."""
        distances = np.linalg.norm(self.descriptors - descriptor, axis=1)
        index = int(distances.argmin())
        return Nearest(int(self.numbers[index]), float(distances[index]))

    def joined(self, other: DescriptorGallery) -> DescriptorGallery:
        """The faces of both galleries."""
        return DescriptorGallery(
            np.concatenate((self.numbers, other.numbers)),
            np.concatenate((self.descriptors, other.descriptors)),
        )

    def to_bytes(self) -> bytes:
        """The content of the gallery's file."""
        width = self.descriptors.shape[1]
        rows = np.empty(len(self.numbers), dtype=[("number", "<i4"), ("descriptor", "<f4", (width,))])
        rows["number"], rows["descriptor"] = self.numbers, self.descriptors
        stream = io.BytesIO()
        np.lib.format.write_array(stream, rows, version=(1, 0), allow_pickle=False)
        return stream.getvalue()

    def _check(self, model: FaceModel, shown: str) -> None:
        """Hold the gallery against the model's record.

        Raises: ModelError: they do not belong together.
        """
        if self.descriptors.ndim != 2 or not len(self.numbers) or not np.isfinite(self.descriptors).all():
            raise ModelError(f"{shown}: damaged; {RETRAIN}")
        nameless = sorted(set(self.numbers.tolist()) - set(model.labels))
        if nameless:
            raise ModelError(f"{shown}: label number {nameless[0]} has no name in model.json; {RETRAIN}")
