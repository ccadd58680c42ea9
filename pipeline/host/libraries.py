"""Settings of third-party libraries that hold for a whole process: what they may send, allocate and start.

The programs and the worker processes call these functions when they start. Nothing here runs at import.
"""

from __future__ import annotations

import os


def configure() -> None:
    """Set the environment variables that libraries read when they are imported; children inherit them.

    This imports nothing. It has to run before anything, a plug-in too, imports onnxruntime: its official
    builds since 1.29 report to their maker which model ran on which machine, from a thread of their own, and
    leave an identifier in the user's home.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    # A second limit behind the check of the header, for files that two readers understand differently.
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 30))


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
    Image.preinit()
    Image.MAX_IMAGE_PIXELS = None
