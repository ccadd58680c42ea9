"""Networks that Darkflow saved: a frozen TensorFlow 1 graph, `.pb`, and its description, `.meta`."""
