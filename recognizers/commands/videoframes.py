"""The frames of a video, one after the other, for `detectvideo`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.errors import UsageError
from pipeline.frame import Frame
from pipeline.outputs import printable
from pipeline.source import SourceKind
from recognizers.pictures import source_of


def iter_video(path: str) -> Iterator[Frame]:
    """Upright frames as ffmpeg decodes them, each once.

    Raises: UsageError: no video, or ffmpeg cannot decode it.
    """
    import imageio_ffmpeg

    source = source_of(path, SourceKind.VIDEO)
    stream = imageio_ffmpeg.read_frames(
        source.path,
        pix_fmt="rgb24",
        input_params=["-nostdin", "-protocol_whitelist", "file,pipe"],
        output_params=["-fps_mode", "passthrough"],
    )
    try:
        width, height = next(stream)["size"]
        for index, content in enumerate(stream):
            yield Frame.from_rgb(np.frombuffer(content, np.uint8).reshape(height, width, 3), index=index)
    except (OSError, RuntimeError, StopIteration):
        raise UsageError(f"{printable(path)}: ffmpeg cannot decode it; is it damaged?") from None
    finally:
        stream.close()
