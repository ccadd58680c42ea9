"""Photos: decoding any photo format to upright RGB, EXIF, damaged and truncated JPEGs."""
