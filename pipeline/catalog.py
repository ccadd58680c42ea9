"""The table of component types: the word after `type:` in a pipeline file -> "module:Class"."""

from __future__ import annotations

CATALOG: dict[str, str] = {
    "deepdetector": "detectors.deepdetector:DeepDetector",
    "facedetector": "detectors.facedetector:FaceDetector",
    "framewriter": "annotators.framewriter:FrameWriter",
    "jsonreportwriter": "reporters.jsonreportwriter:JsonReportWriter",
    "photowriter": "annotators.photowriter:PhotoWriter",
    "recognizer": "recognizers.recognizer:Recognizer",
    "simpledetector": "detectors.simpledetector:SimpleDetector",
    "videowriter": "annotators.videowriter:VideoWriter",
}
