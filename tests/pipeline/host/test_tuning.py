from __future__ import annotations

import ctypes
import resource
import subprocess
import sys

import pytest

needs_glibc = pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="not glibc")

_PHOTOS_IN_TURN = """
import resource
from pipeline.host.tuning import keep_freed_memory
keep_freed_memory()
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    photo, copy = b"x" * 36_000_000, b"y" * 36_000_000
    del photo, copy
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
_ONE_LARGE_PHOTO = """
import resource
from pathlib import Path
from pipeline.host.tuning import keep_freed_memory, return_freed_memory
def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
keep_freed_memory()
photo = b"x" * 600_000_000
found = bytes(600_000)
del photo
before = held()
return_freed_memory()
print(before - held())
"""


def run(program: str) -> int:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return int(done.stdout)


@needs_glibc
def test_the_memory_of_a_photo_of_12_megapixels_serves_the_next_one():
    assert run(_PHOTOS_IN_TURN) * resource.getpagesize() < 1_000_000


@needs_glibc
def test_the_memory_of_a_very_large_photo_is_given_back_though_something_lies_above_it():
    assert run(_ONE_LARGE_PHOTO) > 500_000_000
