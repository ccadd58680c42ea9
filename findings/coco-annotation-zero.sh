#!/usr/bin/env bash
# COCO's own evaluation counts a found object as missed if its annotation has the id 0.
#
# Guess:    ids of annotations are names. Any distinct integers do, and a list numbered from 0 is as good as one
#           numbered from 1.
# Real:     COCOeval notes for each detection the id of the annotation that it matched, and 0 there means "none".
#           The object with the id 0 is thus a miss and its detection a false alarm. There is no warning. Ids of
#           images and categories may be 0.
# Versions: pycocotools 2.0.11, numpy 2.4.6.
# Matters:  detection networks are judged by this number. A small ground truth that is numbered by enumerate()
#           lowers it: by three quarters here, by a fraction of a point in a data set of thousands, where nothing
#           looks wrong.
#
# Seen:
#   annotations numbered from 0: AP 0.252, AR 0.500
#   annotations numbered from 1: AP 1.000, AR 1.000
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv pycocotools==2.0.11 numpy==2.4.6

python - <<'PY'
import contextlib, io, sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

BOX = [10.0, 10.0, 50.0, 50.0]


def judged(first_id):
    """AP and AR of two images, in each of which the one object is found exactly."""
    truth = COCO()
    truth.dataset = {
        "info": {},
        "images": [{"id": image, "width": 100, "height": 100} for image in range(2)],
        "categories": [{"id": 0, "name": "cat"}],
        "annotations": [
            {"id": first_id + image, "image_id": image, "category_id": 0, "bbox": BOX, "area": 2500, "iscrowd": 0}
            for image in range(2)
        ],
    }
    truth.createIndex()
    found = truth.loadRes(
        [{"image_id": image, "category_id": 0, "bbox": BOX, "score": 0.9 - 0.1 * image} for image in range(2)]
    )
    judge = COCOeval(truth, found, "bbox")
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
    return round(float(judge.stats[0]), 3), round(float(judge.stats[8]), 3)


results = {}
for first in (0, 1):
    with contextlib.redirect_stdout(io.StringIO()):
        results[first] = judged(first)
    print(f"annotations numbered from {first}: AP {results[first][0]:.3f}, AR {results[first][1]:.3f}")
if results != {0: (0.252, 0.5), 1: (1.0, 1.0)}:
    sys.exit("COCOeval no longer treats the annotation with the id 0 as above.")
PY
