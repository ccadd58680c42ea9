"""XMP sidecar files: what is written into them, merged with what is there."""
