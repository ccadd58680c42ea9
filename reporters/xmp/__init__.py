"""XMP sidecar files: the content that is written, and merging it into existing sidecars."""
