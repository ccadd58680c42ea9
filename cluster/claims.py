"""The properties that machines need in common to get the same results, and a sentence on a difference."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from pipeline import __version__
from pipeline.catalog import load_class
from pipeline.config.fingerprint import RESULTS_VERSION
from pipeline.config.values import PipelineConfig
from pipeline.formats import FORMATS
from pipeline.host.packages import installed_versions
from pipeline.models.hash import model_sha256


@dataclass(frozen=True, slots=True)
class Claims:
    """What decides the results on one machine, beside the params that the run sends.

    Args:
        version: of the program.
        routing: the version of the results of all pipelines.
        formats: the versions of the results of file formats.
        components: by component: its results version, and SHA-256 of its model files, hexadecimal.
        packages: versions of the packages that results depend on; None if one is not installed.
    """

    version: str
    routing: str
    formats: dict[str, int]
    components: dict[str, tuple[int, tuple[str, ...]]]
    packages: dict[str, str | None]


def claims_of(config: PipelineConfig) -> Claims:
    """What decides the results of a pipeline on this machine.

    Raises: ModelError: a model file is missing or cannot be read.
    """
    components = {}
    for component in config.components:
        cls = load_class(component.target)
        hashes = tuple(model_sha256(file) for file in cls.model_files(component.params))
        components[component.name] = cls.results_version(component.params), hashes
    formats = {name: format_.results_version for name, format_ in FORMATS.items()}
    packages = {"Python": platform.python_version(), **installed_versions()}
    return Claims(__version__, RESULTS_VERSION, formats, components, packages)


def difference(here: Claims, there: Claims) -> str | None:
    """What differs so that this machine must not mine for the run; None if nothing does.

    Args:
        here: on this machine.
        there: where the run was started.
    """
    if here.version != there.version:
        return (
            f"it has version {here.version} of this program and the run has {there.version}; "
            "install the same version on both"
        )
    if here.routing != there.routing or here.formats != there.formats:
        return "its program gives other results than the run's program; install the same version on both"
    for name, (version, hashes) in there.components.items():
        own_version, own_hashes = here.components[name]
        if own_version != version:
            return (
                f'its code of the component "{name}" gives other results (version {own_version} of them, not '
                f"{version}); install the same version of the program on both"
            )
        if own_hashes != hashes:
            return (
                f'its model files of the component "{name}" have another content than those of the run; '
                "fetch or copy the same files"
            )
    return None


def other_packages(here: Claims, there: Claims) -> str | None:
    """Packages of other versions, which may change a result in its last digit; None if all are the same."""
    found = [
        f"{name} {here.packages.get(name) or 'missing'} (run: {version or 'missing'})"
        for name, version in there.packages.items()
        if here.packages.get(name) != version
    ]
    return ", ".join(found) or None
