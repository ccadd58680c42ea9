"""Model files: the catalogue, downloading, verifying, and resolving a model's name to local files."""
