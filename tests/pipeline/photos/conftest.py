"""Fixtures of the tests of photos."""

from __future__ import annotations

import pytest

from pipeline.host.libraries import configure_imaging


@pytest.fixture(autouse=True, scope="package")
def imaging_libraries() -> None:
    """cv2 and Pillow set up as in a worker."""
    configure_imaging()
