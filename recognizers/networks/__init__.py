"""Networks that describe a face as a vector: SFace, ArcFace-like ONNX files, dlib's."""
