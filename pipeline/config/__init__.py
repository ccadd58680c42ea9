"""The pipeline file: reading, validating, and warning about valid but doubtful settings."""
