"""The fingerprint of a pipeline: a hash of everything that decides what a run finds and writes.

Two runs with equal fingerprints give equal results, so an input that was mined under the fingerprint of the
current run is left as it is. The program's version is no part of it. What changes it are the pipeline file's
values, the contents of the model files, and the versions of results, which are raised by hand:

- `Component.RESULTS_VERSION`, for a change of what one component type finds or writes, and
  `Component.results_version`, for a change that concerns some of its params only;
- `RESULTS_VERSION` here, for a change of what all pipelines do with regions and detections;
- `Format.results_version` in `pipeline.formats`, for a change of how most files of one format are decoded. It
  is not part of this hash but is added for each input by `pipeline.formats.results_fingerprint`, so that only
  the inputs of that format are mined again.

The formula is that of version 1.0.0: a collection that was mined by it is taken as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.catalog import CATALOG, load_class
from pipeline.config.values import ComponentConfig, OnTruncated
from pipeline.models.hash import model_sha256
from pipeline.params import values_of
from pipeline.videos.sampling import Sampling

RESULTS_VERSION = "1.0.0"
"""Of the routing of regions and detections. Raise it only if what every pipeline finds changes."""

_PARAMS_OF_1_0_0: dict[str, str] = {
    "annotators.framewriter:FrameWriter": "triggerlabels format size quality only",
    "annotators.photowriter:PhotoWriter": "triggerlabels format size quality",
    "annotators.videowriter:VideoWriter": "triggerlabels format size stretch quality hold",
    "detectors.deepdetector:DeepDetector": (
        "triggerlabels model weights labels threshold nms precision resize family device"
    ),
    "detectors.facedetector:FaceDetector": "triggerlabels model threshold outputlabel max_side",
    "detectors.simpledetector:SimpleDetector": (
        "triggerlabels model outputlabel scaledown_factor min_neighbors min_size"
    ),
    "recognizers.recognizer:Recognizer": (
        "triggerlabels model strategies outputlabel equalizehist unknown unknown_distance"
    ),
    "reporters.jsonreportwriter:JsonReportWriter": "triggerlabels",
}
"""The params that version 1.0.0 hashed, whatever their values. Never add to it: a later param is hashed only
where it differs from its default, so that adding one mines nothing again."""

_SAMPLING_OF_1_0_0 = "every fps keyframes start end max_frames"


def fingerprint_of(
    components: Sequence[ComponentConfig], sampling: Sampling, on_truncated: OnTruncated
) -> str:
    """Hash what decides the results of a pipeline; hexadecimal SHA-256.

    A later setting of the whole pipeline joins `parts` as `{"its key": value}`, and only where it differs
    from its default.

    Raises: ModelError: a model file cannot be read.
    """
    parts: list[Any] = [RESULTS_VERSION]
    if sampling != Sampling():
        parts.append(values_of(sampling, always=_SAMPLING_OF_1_0_0.split()))
    if on_truncated != "fail":
        parts.append(on_truncated)
    parts += [_part_of(component) for component in components]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _part_of(component: ComponentConfig) -> list[Any]:
    cls = load_class(component.target)
    always: Iterable[str] = _PARAMS_OF_1_0_0.get(component.target, "triggerlabels").split()
    if component.target not in CATALOG.values():  # a plug-in: version 1.0.0 hashed all of its params
        always = type(component.params).model_fields
    part: list[Any] = [component.name, component.target, component.inputs]
    part.append(values_of(component.params, always=always))
    part.append([model_sha256(file) for file in cls.model_files(component.params)])
    results_version = cls.results_version(component.params)
    if results_version != 1:
        part.append(results_version)
    return part
