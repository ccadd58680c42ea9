"""Fixtures of tests with several hosts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Four hosts with shared photos, certificates, and a scheduler on the first one."""
    with Site.opened(tmp_path) as site:
        yield site
