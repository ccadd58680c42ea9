"""The versions of the packages that results depend on, for the summary and the self-test."""

from __future__ import annotations

import importlib.metadata

PACKAGES = (
    "tensorflow",
    "ai-edge-litert",
    "onnxruntime",
    "openvino",
    "opencv-contrib-python-headless",
    "dlib-bin",
    "numpy",
    "pillow",
    "pillow-heif",
    "pydantic",
    "PyYAML",
    "imageio",
    "imageio-ffmpeg",
    "lxml",
)
"""Names of distributions, in the order in which they are reported."""
OPTIONAL = frozenset({"dlib-bin", "openvino"})
"""Those that nothing but some face models needs, or that are one engine among several."""


def installed_versions() -> dict[str, str | None]:
    """The version of each of `PACKAGES`; None if it is not installed."""
    return {package: _version(package) for package in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
