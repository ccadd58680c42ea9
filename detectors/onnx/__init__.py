"""ONNX networks: what a file says of itself, how its family is prepared and decoded, and running it."""
