"""The least that detecting costs: for each photo a scaled decode and one call of the engine, input whole.

    python -m benchmarks.bare PHOTOS PRECISION

Prints the CPU seconds of that loop, imports and loading left out.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from detectors.boxes import letterbox
from detectors.darknet.cfg import read_cfg
from detectors.darknet.opening import compiled_network
from pipeline.engines.litert import LiteRtEngine
from pipeline.files.walk import iter_sources
from pipeline.frame import Frame
from pipeline.host.libraries import configure_imaging
from pipeline.models.files import resolve_darknet
from pipeline.photos.photo import open_photo
from pipeline.source import Limits, Source


def main() -> None:
    photos, precision = sys.argv[1:]
    configure_imaging()
    files = resolve_darknet("yolov3-tiny", None)
    shape = read_cfg(files.cfg).shape
    engine = LiteRtEngine(compiled_network(files.cfg, files.weights, precision))
    blank = np.full((1, *shape), 0.5, dtype=np.float32)
    engine.run(blank)
    sources = [source for source in iter_sources(photos) if isinstance(source, Source)]
    frames = [open_photo(source, Limits())[1] for source in sources]
    began = time.process_time()
    for frame in frames:
        decode(frame, (shape.width, shape.height))
        engine.run(blank)
    print(time.process_time() - began)


def decode(frame: Frame, input_wh: tuple[int, int]) -> None:
    place = letterbox(frame.size_wh, input_wh)
    frame.rgb_covering((place.width, place.height))


if __name__ == "__main__":
    main()
