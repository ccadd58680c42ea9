#!/usr/bin/env bash
# LiteRT's non-maximum suppression answers with box 0 over and over again.
#
# Guess:    NON_MAX_SUPPRESSION_V5 gives the indices of the boxes that it keeps, as the TensorFlow operation of the
#           same name and ONNX's NonMaxSuppression do: as many as are kept.
# Real:     the outputs always have max_output_size entries. Behind the kept ones the indices are 0, a valid index,
#           and the scores 0; how many count is a third output, which a converted network need not hand on.
# Versions: ai-edge-litert 2.3.0, flatbuffers 25.12.19, numpy 2.4.6.
# Matters:  a program that gathers the boxes by these indices reports box 0, whatever it is, once for each free
#           place. Box 0 here has a score below the threshold.
#
# Seen (four boxes with scores 0.2 0.9 0.8 0.1, none overlapping, threshold 0.3, max_output_size 4):
#   indices [1, 2, 0, 0], scores [0.9, 0.8, 0.0, 0.0], count 2
set -euo pipefail
# shellcheck source=findings/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"
venv ai-edge-litert==2.3.0 backports-strenum==1.2.8 flatbuffers==25.12.19 numpy==2.4.6

python - <<'PY' 2> messages || { cat messages >&2; exit 1; }
import sys

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

model = schema.ModelT()
model.version, model.buffers = 3, [schema.BufferT()]
graph = schema.SubGraphT()
graph.tensors = []


def tensor(name, kind, shape, value=None):
    """The index of a new tensor; `value` makes it a constant."""
    one = schema.TensorT()
    one.name, one.type, one.shape, one.buffer = name.encode(), kind, shape, 0
    if value is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(value.tobytes(), np.uint8)
        model.buffers.append(buffer)
        one.buffer = len(model.buffers) - 1
    graph.tensors.append(one)
    return len(graph.tensors) - 1


FLOAT, INT = schema.TensorType.FLOAT32, schema.TensorType.INT32
suppression = schema.OperatorT()
suppression.opcodeIndex = 0
suppression.inputs = [
    tensor("boxes", FLOAT, [4, 4]),
    tensor("scores", FLOAT, [4]),
    tensor("max_output_size", INT, [], np.int32(4)),
    tensor("iou_threshold", FLOAT, [], np.float32(0.5)),
    tensor("score_threshold", FLOAT, [], np.float32(0.3)),
    tensor("soft_nms_sigma", FLOAT, [], np.float32(0)),
]
suppression.outputs = [tensor("indices", INT, [0]), tensor("kept_scores", FLOAT, [0]), tensor("count", INT, [])]
suppression.builtinOptionsType = schema.BuiltinOptions.NonMaxSuppressionV5Options
suppression.builtinOptions = schema.NonMaxSuppressionV5OptionsT()
code = schema.OperatorCodeT()
code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.NON_MAX_SUPPRESSION_V5
code.version = 1
graph.operators, graph.inputs, graph.outputs = [suppression], suppression.inputs[:2], suppression.outputs
model.operatorCodes, model.subgraphs = [code], [graph]
builder = flatbuffers.Builder(1024)
builder.Finish(model.Pack(builder), b"TFL3")

interpreter = Interpreter(model_content=bytes(builder.Output()))
interpreter.allocate_tensors()
boxes = np.array([[n, n, n + 0.5, n + 0.5] for n in range(4)], np.float32)
for details, value in zip(interpreter.get_input_details(), (boxes, np.array([0.2, 0.9, 0.8, 0.1], np.float32))):
    interpreter.set_tensor(details["index"], value)
interpreter.invoke()
indices, scores, count = (interpreter.get_tensor(one["index"]).tolist() for one in interpreter.get_output_details())
print(f"indices {indices}, scores {[round(score, 3) for score in scores]}, count {count}")
if (indices, count) != ([1, 2, 0, 0], 2):
    sys.exit("LiteRT no longer fills the indices up with 0.")
PY
