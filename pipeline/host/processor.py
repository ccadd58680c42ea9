"""The processor of this machine: its name, and the instructions that decide how fast a network runs."""

from __future__ import annotations

import functools
import hashlib
import platform
from pathlib import Path
from typing import NamedTuple

_MOST_BYTES = 1 << 16
"""/proc/cpuinfo describes each core; the first description is shorter than this."""
_BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


class Processor(NamedTuple):
    """A kind of processor.

    Args:
        name: for people, such as `AMD EPYC`.
        flags: names of instruction sets, as Linux gives them; empty on other systems.
    """

    name: str
    flags: frozenset[str]

    @property
    def has_bfloat16(self) -> bool:
        """Whether it multiplies matrices of bfloat16 faster than of float32."""
        return bool(self.flags & _BFLOAT16_FLAGS)

    @property
    def key(self) -> str:
        """Equal for processors of one name and with the same instructions; 16 hexadecimal digits."""
        return hashlib.sha256(" ".join((self.name, *sorted(self.flags))).encode()).hexdigest()[:16]


@functools.cache
def this_processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> Processor:
    """Describe the processor of this machine.

    Args:
        cpuinfo: Linux's description of the cores, see proc(5).
    """
    try:
        with open(cpuinfo, encoding="ascii", errors="replace") as stream:
            first = stream.read(_MOST_BYTES).partition("\n\n")[0]
    except OSError:
        first = ""
    pairs = (line.partition(":") for line in first.splitlines())
    fields = {key.strip(): value.strip() for key, _, value in pairs}
    name = fields.get("model name") or platform.processor() or platform.machine()
    return Processor(name, frozenset(fields.get("flags", fields.get("Features", "")).split()))
