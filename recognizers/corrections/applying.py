"""Corrections of a recognizer's detections."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pipeline.detections import Detection, Label
from recognizers.corrections.lookup import Corrections, Verdict
from recognizers.faces.facekey import FaceKey
from recognizers.model.strategies import UNKNOWN

CORRECTION = "correction"
"""The method of a label that people gave."""


def corrected_detections(
    corrections: Corrections, sha256: str | None, frame: int, detections: Iterable[Detection]
) -> list[Detection]:
    """Return a recognizer's detections with corrected labels, without those corrected to be no face.

    Args:
        corrections: those that belong to the recognizer's model.
        sha256: of the content of the photo or video, hexadecimal; None if it is not known, so that nothing is
            corrected.
        frame: 0-based index in a video; 0 for a photo.
        detections: in that frame.
    """
    if sha256 is None or not corrections.holds(sha256):
        return list(detections)
    corrected = []
    for detection in detections:
        verdict = corrections.verdict(FaceKey(sha256, frame, detection.box.xyxy))
        if verdict is None:
            corrected.append(detection)
        elif verdict.is_face:
            corrected.append(replace(detection, labels=_labels(verdict, detection.labels)))
    return corrected


def _labels(verdict: Verdict, labels: tuple[Label, ...]) -> tuple[Label, ...]:
    """Return the right name alone; or the strategies' labels, with `unknown` in place of wrong names."""
    if verdict.name is not None:
        return (Label(verdict.name, method=CORRECTION),)
    return tuple(replace(one, text=UNKNOWN) if one.text in verdict.not_names else one for one in labels)
