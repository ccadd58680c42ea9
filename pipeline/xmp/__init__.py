"""XMP packets, embedded or in sidecar files: parsing, keywords, face regions."""
