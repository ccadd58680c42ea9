"""What every network for faces has in common: its interface, and how a model's record names it.

A network describes a face by a row of numbers, its descriptor. Descriptors of one person lie near each other,
also if the network was not trained on that person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from pipeline.host.command import program_name

if TYPE_CHECKING:  # the parent process does not need them
    import numpy as np
    from numpy.typing import NDArray

    from recognizers.networks.probe import Probe

DescriptorArray: TypeAlias = "NDArray[np.float32]"
"""(D,) float32 of one face, or (N, D) of several."""

DEFAULT_MARGIN = 0.1
"""Of aligned faces, as a share of the template's side; what `crop` leaves around a face by default."""

RETRAIN = f"train it again with {program_name('facerec-train')} train"
"""What to do about whatever is wrong with a model's files or its network."""


class ImpostorDistances(NamedTuple):
    """How far a face usually lies from the nearest of another person's pictures.

    Args:
        middle: mean of the distance, or of its logarithm.
        spread: standard deviation of the same.
        of_logarithm: whether the logarithm is normally distributed, and not the distance itself.
    """

    middle: float
    spread: float
    of_logarithm: bool = False


class FaceNetwork(Protocol):
    """A network in memory; several threads may use it."""

    side_px: int
    """Side of the squares that it takes, pixels."""
    aligns_itself: bool
    """Whether it finds the landmarks of a face on its own."""
    impostors: ImpostorDistances

    def describe(self, probe: Probe) -> DescriptorArray:
        """Return a face's descriptor, (D,) float32; those of two faces of one person are near each other."""


class FaceNetworkRecord(BaseModel):
    """The network that described the faces of the strategy `embedding`, as a model's record names it.

    Args:
        name: of the catalogue, or an absolute path.
        sha256: name of each of its files -> SHA-256 of the file, hexadecimal.
    """

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, Field(min_length=1)]
    sha256: dict[str, str]
