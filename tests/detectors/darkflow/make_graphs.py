"""Makes the graphs beside it as Darkflow does: the same TensorFlow 1 operations in the same order.

    python3.7 -m venv tf1 && tf1/bin/pip install tensorflow==1.15.5 "protobuf<3.21"
    tf1/bin/python tests/detectors/darkflow/make_graphs.py

Writes `region.pb` and `detection.pb` (random weights), their `.meta`, and `.npz` with what TensorFlow 1.15
puts out for a picture. Darkflow itself is not needed; what it writes was read in its sources (net/build.py
`savepb`, net/ops): weights are constants, batch normalization is subtract, divide, multiply.
"""

import json
import os

import numpy as np
import tensorflow as tf
from tensorflow.contrib import slim

FOLDER = os.path.dirname(os.path.abspath(__file__))
RANDOM = np.random.RandomState(7)


def normal(*shape):
    fan_in = np.prod(shape[:-1]) or 1
    return RANDOM.normal(0, np.sqrt(2.0 / fan_in), shape).astype(np.float32)


def convolutional(x, filters, size, number, stride=1, normalize=True, leaky=True):
    channels, pad = x.get_shape().as_list()[3], size // 2
    padded = tf.pad(x, [[0, 0], [pad, pad], [pad, pad], [0, 0]])
    kernel = normal(size, size, channels, filters)
    name = f"{number}-convolutional"
    y = tf.nn.conv2d(padded, kernel, padding="VALID", name=name, strides=[1, stride, stride, 1])
    if normalize:
        y = y - normal(1, filters)[0] * 0.1
        y = y / (np.sqrt(RANDOM.uniform(0.8, 1.2, filters)).astype(np.float32) + 1e-5)
        y = y * RANDOM.uniform(0.8, 1.2, filters).astype(np.float32)
    y = tf.nn.bias_add(y, normal(1, filters)[0] * 0.1)
    return tf.maximum(0.1 * y, y, name=f"{number}-leaky") if leaky else y


def maxpool(x, size, stride, number):
    name = f"{number}-maxpool"
    return tf.nn.max_pool(
        x, padding="SAME", ksize=[1, size, size, 1], strides=[1, stride, stride, 1], name=name
    )


def local(x, filters, number):
    """A kernel for each place, 3 x 3."""
    _, height, width, channels = x.get_shape().as_list()
    padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    rows = []
    for i in range(height):
        row = []
        for j in range(width):
            window = padded[:, i : i + 3, j : j + 3, :]
            row.append(
                tf.nn.conv2d(window, normal(3, 3, channels, filters), padding="VALID", strides=[1] * 4)
            )
        rows.append(tf.concat(row, 2))
    y = tf.concat(rows, 1)
    return tf.maximum(0.1 * y, y, name=f"{number}-leaky")


def region():
    x = tf.placeholder(tf.float32, [None, 64, 96, 3], "input")
    y = maxpool(convolutional(x, 8, 3, 0), 2, 2, 1)
    early = convolutional(y, 8, 3, 2)
    y = maxpool(early, 2, 2, 3)
    y = maxpool(convolutional(y, 12, 3, 4), 2, 1, 5)
    patches = tf.extract_image_patches(early, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID")
    y = tf.concat([patches, y], 3)
    return convolutional(y, 2 * 7, 1, 8, normalize=False, leaky=False)


def detection():
    x = tf.placeholder(tf.float32, [None, 32, 32, 3], "input")
    y = convolutional(x * 2.0 - 1.0, 8, 3, 1, stride=2)
    y = maxpool(y, 2, 2, 2)
    y = local(maxpool(y, 2, 2, 3), 6, 4)
    y = tf.nn.dropout(y, keep_prob=1.0, name="5-dropout")
    y = slim.flatten(tf.transpose(y, [0, 3, 1, 2]), scope="6-flatten")
    return tf.nn.xw_plus_b(
        y, normal(y.get_shape().as_list()[1], 3 * 3 * (2 * 5 + 2)), normal(1, 108)[0], name="7-c"
    )


def save(name, build, meta):
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        output = tf.identity(build(), name="output")
        shape = graph.get_tensor_by_name("input:0").get_shape().as_list()
        picture = RANDOM.rand(1, *shape[1:]).astype(np.float32)
        result = session.run(output, {"input:0": picture})
        tf.train.write_graph(session.graph_def, FOLDER, name + ".pb", False)
    size = output.get_shape().as_list()[1:]
    common = {
        "model": f"cfg/{name}.cfg",
        "name": name,
        "inp_size": shape[1:],
        "out_size": size if len(size) == 3 else size[0],
        "labels": ["this", "that"],
        "colors": [[254.0, 254.0, 254], [127.0, 254.0, 127]],
        "net": {"type": "[net]", "height": shape[1], "width": shape[2], "channels": 3},
        "thresh": 0.1,
    }
    with open(os.path.join(FOLDER, name + ".meta"), "w") as stream:
        json.dump(dict(common, **meta), stream)
    np.savez_compressed(os.path.join(FOLDER, name + ".npz"), picture=picture, output=result)


save(
    "region",
    region,
    {
        "type": "[region]",
        "anchors": [0.57, 0.67, 1.87, 2.06],
        "num": 2,
        "classes": 2,
        "coords": 4,
        "bias_match": 1,
        "softmax": 1,
        "jitter": 0.2,
        "rescore": 1,
        "random": 1,
        "absolute": 1,
    },
)
save(
    "detection",
    detection,
    {
        "type": "[detection]",
        "num": 2,
        "classes": 2,
        "coords": 4,
        "side": 3,
        "sqrt": 1,
        "softmax": 0,
        "jitter": 0.2,
        "rescore": 1,
    },
)
