"""Networks that describe a face as a vector: SFace, ONNX files of ArcFace's kind, dlib's network."""
