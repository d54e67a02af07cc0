"""Machine and software versions that a time depends on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from ferkit.components.registry import Registry
from ferkit.experiment.environment import describe_environment
from ferkit.recipe.schema import Recipe

GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
MACHINE = ("system", "processor", "cores", "threads", "gpu")


def describe_machine(
    recipe: Recipe, registry: Registry, device: torch.device
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the machine and the software versions, with the keys of a run's environment.

    The machine's "clock" is the policy for the processor's frequency, or None if unknown.
    """
    known = describe_environment(recipe, registry)
    machine = {name: known[name] for name in MACHINE}
    machine["gpu"] = torch.cuda.get_device_name(device) if device.type == "cuda" else None
    machine["clock"] = read_governor()
    versions = {name: value for name, value in known.items() if name not in (*MACHINE, "precision")}
    if device.type == "cuda":
        versions["cuda"] = torch.version.cuda
    return machine, versions


def read_governor(file: Path = GOVERNOR) -> str | None:
    """Read Linux's frequency policy ("performance", "powersave"); None if unknown."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return None


def load_average() -> float | None:
    """Return the mean number of runnable processes in the last minute; None if unknown."""
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None
