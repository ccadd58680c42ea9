"""A validated pipeline as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pipeline.component import Params
from pipeline.videos.sampling import Sampling

FILES = "files"
"""The input that stands for the photos and video frames themselves."""

OnTruncated = Literal["fail", "salvage"]
"""What becomes of a photo that ends too early or is damaged: it fails, or is mined as far as it goes."""


ProxiesWord = Literal["skip", "mine"]
"""What becomes of the small copies and thumbnails that cameras write beside a video."""


@dataclass(frozen=True, slots=True)
class ComponentConfig:
    """One component of a pipeline, validated.

    Args:
        name: unique in the pipeline.
        type: the word in the pipeline file.
        target: `module:Class` that implements it.
        inputs: `files` or names of earlier detectors, in the file's order.
        params: an instance of the class's own `Params`.
    """

    name: str
    type: str
    target: str
    inputs: tuple[str, ...]
    params: Params


class ComponentKey(NamedTuple):
    """What decides what one component finds or writes; see `pipeline.config.keys`.

    Args:
        digest: of it, 8 bytes.
        level: a detector's `Evidence.level`, or -1.
        tag: a writer's, see `pipeline.component.Writer`.
        networks: of a writer: the fingerprint of the components and networks that its findings come from.
        is_asked: whether a detector judges kept descriptions again in each run.
    """

    digest: bytes
    level: float = -1.0
    tag: str = ""
    networks: str = ""
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """A validated pipeline.

    Args:
        components: in the order of the file; each one's inputs come before it.
        fingerprint: SHA-256 over the effective configuration and the model files' contents: two runs with
            equal fingerprints find the same things.
        sampling: which frames of videos are mined.
        on_truncated: what becomes of a photo that ends too early.
        proxies: what becomes of a camera's small copies of videos. It decides which files are inputs, not
            what is found in them, so that it is not part of the fingerprint.
        keys: of the components, in their order; empty for a pipeline whose findings are not kept.
    """

    components: tuple[ComponentConfig, ...]
    fingerprint: str
    sampling: Sampling = field(default_factory=Sampling)
    on_truncated: OnTruncated = "fail"
    proxies: ProxiesWord = "skip"
    keys: tuple[ComponentKey, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """`module:Class` of each component."""
        return tuple(component.target for component in self.components)
