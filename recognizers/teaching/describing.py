"""Describing pictures of faces by a network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from recognizers.faces.folderrecord import FolderRecord
from recognizers.faces.pictures import read_rgb
from recognizers.networks.base import DescriptorArray, FaceNetwork
from recognizers.networks.probe import probe_of_picture


def describe_picture(
    path: str, record: FolderRecord, network: FaceNetwork, *, aligned: bool
) -> DescriptorArray:
    """Compute a picture's descriptor.

    Args:
        path: of the picture.
        record: how it was prepared.
        network: computes the descriptor.
        aligned: whether known landmarks are used, as for the other faces; a network that aligns faces itself
            always gets them.
    Raises: UsageError: it cannot be read.
    """
    landmarks = aligned or network.aligns_itself
    return network.describe(probe_of_picture(read_rgb(path), record, landmarks=landmarks))


def iter_descriptors(
    paths: Iterable[str], record: FolderRecord, network: FaceNetwork
) -> Iterator[DescriptorArray]:
    """Yield the descriptors of pictures, all prepared as `record` says.

    Raises: UsageError: one of them cannot be read.
    """
    for path in paths:
        yield describe_picture(path, record, network, aligned=record.aligned)
