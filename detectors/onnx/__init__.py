"""ONNX networks: reading their files, recognizing their families, preparing inputs, decoding outputs."""
