"""How many workers, and which bound the log names."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config.config import read_config
from pipeline.selftest import write_example_models
from pipeline.workers.capacity import (
    BYTES_A_MODEL_BYTE,
    LEAST_BOUND_BYTES,
    WORKER_BYTES,
    capacity,
    worker_bytes,
)
from tests.running import component, pipeline_file


@pytest.mark.parametrize(
    ("asked", "cores", "free", "workers", "sentence"),
    [
        (
            None,
            4,
            8_000_000_000,
            4,
            "up to 4 workers: cores decide (4 usable; memory: 8,000 MB free, 500 MB a worker)",
        ),
        (
            None,
            64,
            8_000_000_000,
            12,
            "up to 12 workers: memory decides (8,000 MB free, 500 MB a worker; 64 usable cores)",
        ),
        (
            None,
            4,
            100_000_000,
            1,
            "up to 1 worker: memory decides (100 MB free, 500 MB a worker; 4 usable cores)",
        ),
        (None, 1, None, 1, "up to 1 worker: cores decide (1 usable; memory: unknown)"),
        (3, 1, None, 3, "up to 3 workers, as --workers says"),
        (
            3,
            8,
            1_000_000_000,
            3,
            "up to 3 workers, as --workers says, more than fit into memory (1,000 MB free, 500 MB a worker)",
        ),
    ],
)
def test_capacity(asked: int | None, cores: int, free: int | None, workers: int, sentence: str) -> None:
    found = capacity(asked, cores, free, 500_000_000)
    assert found[:2] == (workers, sentence)
    assert (found.memory_bytes is None) == (free is None)


def test_all_workers_together_leave_the_machine_alive_and_each_has_room_for_a_large_photo() -> None:
    assert capacity(2, 2, 32_000_000_000, 500_000_000).memory_bytes == 12_800_000_000
    assert capacity(2, 2, 1_000_000_000, 500_000_000).memory_bytes == LEAST_BOUND_BYTES + 500_000_000


def test_a_worker_needs_room_for_its_models(tmp_path: Path) -> None:
    write_example_models(tmp_path)
    weights = next(tmp_path.glob("*.weights"))
    cascade = component("faces", "simpledetector", model="haarcascade_frontalface_default.xml")
    network = component("objects", "deepdetector", model=str(weights.with_suffix(".cfg")))
    small = worker_bytes(read_config(str(pipeline_file(tmp_path / "a.yml", cascade))))
    large = worker_bytes(read_config(str(pipeline_file(tmp_path / "b.yml", cascade, network))))
    assert WORKER_BYTES < small < WORKER_BYTES + 10_000_000
    assert large >= small + BYTES_A_MODEL_BYTE * weights.stat().st_size
