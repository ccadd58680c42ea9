#!/usr/bin/env bash
# OpenCV averages the border of an ONNX network by the name of the program that wrote the file.
#
# Guess:    AveragePool has an attribute for it, count_include_pad: whether zeros of the padding count in the mean.
#           Which program exported the file cannot matter.
# Real:     OpenCV 4 does not look at the attribute. It counts the padding if the file's producer_name is "pytorch"
#           and leaves it out otherwise. A PyTorch layer with count_include_pad=False and any other exporter's layer
#           with 1 come out wrong at the border, without a warning; to rename the producer changes the answers. ONNX
#           Runtime and OpenCV 5 obey the attribute.
# Versions: opencv-python-headless 4.14.0.94, onnxruntime 1.32.0, onnx 1.23.2.
# Matters:  the same weights give other boxes after a converter or a simplifier has rewritten the file and put its
#           own name into it.
#
# Seen (corner of a mean over 3x3 of 1 2 3 ... with a border of one zero; 5.0 without, 2.2 with the zeros):
#   producer pytorch  count_include_pad 0: ONNX Runtime 5.0, OpenCV 2.2
#   producer pytorch  count_include_pad 1: ONNX Runtime 2.2, OpenCV 2.2
#   producer another  count_include_pad 0: ONNX Runtime 5.0, OpenCV 5.0
#   producer another  count_include_pad 1: ONNX Runtime 2.2, OpenCV 5.0
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
export ORT_DISABLE_TELEMETRY=1
venv opencv-python-headless==4.14.0.94 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6

python - <<'PY'
import sys

import cv2
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

picture = np.arange(1, 50, dtype=np.float32).reshape(1, 1, 7, 7)


def network(producer, count_include_pad):
    pool = helper.make_node("AveragePool", ["picture"], ["means"], kernel_shape=[3, 3], strides=[2, 2],
                            pads=[1, 1, 1, 1], count_include_pad=count_include_pad)
    taken = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 1, 7, 7])
    given = helper.make_tensor_value_info("means", TensorProto.FLOAT, [1, 1, 4, 4])
    graph = helper.make_graph([pool], "pool", [taken], [given])
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, producer_name=producer, opset_imports=opset, ir_version=8).SerializeToString()


def corners(model):
    """The mean at the top left corner, by ONNX Runtime and by OpenCV."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    by_opencv = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
    by_opencv.setInput(picture)
    answers = session.run(None, {"picture": picture})[0], by_opencv.forward()
    return tuple(round(float(answer[0, 0, 0, 0]), 1) for answer in answers)


for producer in ("pytorch", "another"):
    for attribute in (0, 1):
        seen = corners(network(producer, attribute))
        print(f"producer {producer}  count_include_pad {attribute}: ONNX Runtime {seen[0]}, OpenCV {seen[1]}")
        if seen != ((5.0, 2.2)[attribute], 2.2 if producer == "pytorch" else 5.0):
            sys.exit("OpenCV no longer averages by the name of the producer.")
PY
