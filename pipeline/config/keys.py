"""Keys of components: digests of what decides what one component finds, or writes.

The fingerprint of `pipeline.config.fingerprint` stands for the whole pipeline, a key for one component.
Findings that are kept under the key of a component, for the same pixels and the same regions, are what it
would find again. Sampling is part of no key, because a frame is the same whichever other frames are mined.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.catalog import load_class
from pipeline.component import Detector, Evidence, Writer
from pipeline.config.fingerprint import RESULTS_VERSION
from pipeline.config.values import FILES, ComponentConfig, ComponentKey, OnTruncated
from pipeline.formats import results_fingerprint
from pipeline.kept.findings import ANY_LEVEL, DIGEST_BYTES, OF_SAMPLING, KnownKey, digest
from pipeline.models.hash import model_sha256
from pipeline.params import values_of
from pipeline.videos.sampling import Sampling


def keys_of(
    components: Sequence[ComponentConfig], sampling: Sampling, on_truncated: OnTruncated
) -> tuple[ComponentKey, ...]:
    """The key of each component of a pipeline, in the order of the file.

    Raises: ModelError: a model file cannot be read.
    """
    seen = _Networks(components, sampling, on_truncated)
    tags = _tags(components)
    keys = (
        _writer_key(component, cls, seen.fingerprint_for(component), tags[component.name])
        if issubclass(cls := load_class(component.target), Writer)
        else _detector_key(component, cls)
        for component in components
    )
    return tuple(_told_apart(keys))


def _told_apart(keys: Iterable[ComponentKey]) -> Iterator[ComponentKey]:
    """The keys, the second and later of equal ones with a number in them.

    Two components may differ in their inputs or in a threshold alone. Each keeps findings of its own.
    """
    seen: Counter[bytes] = Counter()
    for key in keys:
        number = seen[key.digest]
        seen[key.digest] += 1
        yield key._replace(digest=digest(key.digest, b"%d" % number)) if number else key


def _detector_key(component: ComponentConfig, cls: type[Any]) -> ComponentKey:
    assert issubclass(cls, Detector)
    evidence = cls.evidence(component.params, of_whole_frames=component.inputs == (FILES,))
    digest_ = digest_of_evidence(component.target, cls.results_version(component.params), evidence)
    level = ANY_LEVEL if evidence.level is None else evidence.level
    return ComponentKey(digest_, level, is_asked=evidence.is_description)


def digest_of_evidence(target: str, results_version: int, evidence: Evidence) -> bytes:
    """The key of a detector.

    Args:
        target: `module:Class` of it.
        results_version: of it.
        evidence: what decides what it finds.
    Raises: ModelError: a model file cannot be read.
    """
    files = [model_sha256(file) for file in evidence.files]
    return _digest([RESULTS_VERSION, target, results_version, dict(evidence.values), files])


def _writer_key(component: ComponentConfig, cls: type[Writer], networks: str, tag: str) -> ComponentKey:
    """A key of how a writer writes; what it is given is compared for each input."""
    version = cls.results_version(component.params)
    parts = [component.target, component.name, tag, version, component.params.values_but("triggerlabels")]
    return ComponentKey(_digest([*parts, networks]), ANY_LEVEL, tag, networks)


def _tags(components: Sequence[ComponentConfig]) -> dict[str, str]:
    """What stands in the output names of each component's type but the first, see `Writer`."""
    of_class: Counter[str] = Counter()
    tags = {}
    for component in components:
        tags[component.name] = f"-{component.name}" if of_class[component.target] else ""
        of_class[component.target] += 1
    return tags


@dataclass(frozen=True)
class _Networks:
    """Fingerprints of the components that a writer's findings come from, and of their networks.

    Args:
        components, sampling, on_truncated: of the pipeline.
    """

    components: Sequence[ComponentConfig]
    sampling: Sampling
    on_truncated: OnTruncated

    def fingerprint_for(self, writer: ComponentConfig) -> str:
        """A fingerprint that equal findings have in common, hexadecimal SHA-256; a report's `pipeline`.

        Thresholds, trained names and other writers may change without a change of what is found in an input.
        They are no part of it, so that a report changes only if its findings do.
        """
        by_name = {component.name: component for component in self.components}
        wanted, names = list(writer.inputs), set[str]()
        while wanted:
            if (name := wanted.pop()) not in names and name != FILES:
                names.add(name)
                wanted += by_name[name].inputs
        parts: list[Any] = [RESULTS_VERSION, values_of(self.sampling), self.on_truncated]
        parts += [_network(component) for component in self.components if component.name in names]
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _network(component: ComponentConfig) -> list[Any]:
    cls = load_class(component.target)
    assert issubclass(cls, Detector)
    files = cls.evidence(component.params, of_whole_frames=False).files
    version = cls.results_version(component.params)
    return [component.name, component.target, version, [model_sha256(file) for file in files]]


def _digest(parts: list[Any]) -> bytes:
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


def key_of_sampling(sampling: Sampling) -> KnownKey:
    """A key of which frames of videos are mined."""
    values = sampling.model_dump(exclude={"animations"}, exclude_defaults=True)
    return KnownKey(_digest([values]), OF_SAMPLING)


def key_for_format(key: bytes, format_: str | None) -> bytes:
    """A component's key for inputs of one format, a word of `pipeline.formats.FORMATS`.

    It differs from `key` where inputs of the format are decoded in another way than at first.
    """
    decoded = results_fingerprint("", format_)
    return digest(key, decoded.encode()) if decoded else key
