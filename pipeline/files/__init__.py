"""Files and folders: walking INPUT, content hashes, YAML, atomic output files, the output folder's lock."""
