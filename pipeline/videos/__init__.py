"""Videos: probing with ffmpeg, choosing frames, cutting into segments, decoding a segment's frames."""
