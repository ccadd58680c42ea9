"""The cache folder: fetched models and networks compiled from them, which can all be made again."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "DEEPVISUALMINER_CACHE"
"""Environment variable that names another cache folder."""


def cache_folder() -> Path:
    """Where fetched models (`models/NAME/`) and compiled networks (`compiled/`) live; may not exist yet."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(os.path.abspath(os.path.expanduser(chosen)))
    return platformdirs.user_cache_path("deepvisualminer")
