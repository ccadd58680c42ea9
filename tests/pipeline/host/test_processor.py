from __future__ import annotations

from pathlib import Path

from pipeline.host.processor import Processor, this_processor

LINUX = """processor\t: 0
model name\t: AMD EPYC
flags\t\t: fpu avx2 avx512_bf16
bogomips\t: 1

processor\t: 1
model name\t: another
flags\t\t: fpu
"""


def test_reads_the_first_core(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(LINUX)
    found = this_processor(tmp_path / "cpuinfo")
    assert found == Processor("AMD EPYC", frozenset({"fpu", "avx2", "avx512_bf16"}))
    assert found.has_bfloat16


def test_arm_names_its_instructions_otherwise(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nFeatures\t: fp asimd\n\n")
    found = this_processor(tmp_path / "cpuinfo")
    assert found.flags == {"fp", "asimd"}
    assert not found.has_bfloat16


def test_a_system_without_the_file_has_a_processor_too(tmp_path: Path) -> None:
    found = this_processor(tmp_path / "missing")
    assert found.name
    assert found.flags == frozenset()


def test_the_key_tells_kinds_apart() -> None:
    kinds = [
        Processor(name, frozenset(flags.split())) for name in ("a", "b") for flags in ("x y", "y x", "x")
    ]
    assert len({kind.key for kind in kinds}) == 4
