"""A face model: its record on disk, the known faces it holds, and how it answers."""
