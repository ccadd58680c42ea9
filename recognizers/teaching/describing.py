"""Pictures of faces -> their descriptors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from recognizers.faces.folderrecord import FolderRecord
from recognizers.faces.pictures import read_rgb
from recognizers.networks.base import DescriptorArray, FaceNetwork
from recognizers.networks.probe import probe_of_picture


def describe_picture(
    path: str, record: FolderRecord, network: FaceNetwork, *, aligned: bool
) -> DescriptorArray:
    """A picture's descriptor.

    Args:
        path: of the picture.
        record: what was done to it.
        network: describes it.
        aligned: whether the other faces are aligned, if it takes landmarks to do so; a network that aligns by
            itself uses whatever it gets.
    Raises: UsageError: it cannot be read.
    """
    landmarks = aligned or network.aligns_itself
    return network.describe(probe_of_picture(read_rgb(path), record, landmarks=landmarks))


def iter_descriptors(
    paths: Iterable[str], record: FolderRecord, network: FaceNetwork
) -> Iterator[DescriptorArray]:
    """The descriptors of pictures to which the same was done, one after the other: a network takes a while.

    Raises: UsageError: one of them cannot be read.
    """
    for path in paths:
        yield describe_picture(path, record, network, aligned=record.aligned)
