"""Settings of third-party libraries that hold for a whole process: what they may send, allocate and start.

The programs and the worker processes call these functions when they start. Nothing here runs at import.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings

_REPORTER = "openvino_telemetry"


def configure() -> None:
    """Set up what libraries may do when they are imported, by environment variables that children inherit.

    This imports nothing. It has to run before anything, a plug-in too, imports onnxruntime or openvino.
    Official builds of onnxruntime since 1.29 report to their maker which model ran on which machine, from a
    thread of their own, and leave an identifier in the user's home. `import openvino` reports the import
    through a package of its own and leaves an identifier as well; without that package it reports nothing,
    so this process is kept from importing it.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    sys.modules.setdefault(_REPORTER, None)  # type: ignore[arg-type]  # None: its import fails
    # A second limit behind the check of the header, for files that two readers understand differently.
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 30))


def can_use_openvino() -> bool:
    """Whether OpenVINO is installed, and cannot report: `configure` ran before anything imported it."""
    kept_out = _REPORTER in sys.modules and sys.modules[_REPORTER] is None
    return kept_out and importlib.util.find_spec("openvino") is not None


def configure_imaging() -> None:
    """Import cv2 and Pillow, and set them up for a process that mines; only workers and face tools need this.

    cv2 starts no threads, because the workers fill the cores. Pillow's own limit on pixels is off: sizes are
    checked against `Limits` before anything is decoded. Its readers of common formats are imported now, so
    that workers forked later share them.
    """
    configure()
    import cv2
    from PIL import Image

    cv2.setNumThreads(1)
    # Pillow warns of damaged metadata without the name of the file.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    Image.preinit()
    Image.MAX_IMAGE_PIXELS = None
