"""Name and maker of the processor."""

from __future__ import annotations

import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def processor_name() -> str:
    """Return the name of the processor."""
    return _field("model name") or platform.processor()


def is_intel() -> bool:
    """Return True for a processor of Intel."""
    return "GenuineIntel" in (_field("vendor_id") or platform.processor())


def _field(name: str) -> str:
    """Return a field of Linux's description of the first core, or ""."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
