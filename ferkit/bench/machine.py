"""The machine and the versions that a time depends on."""

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
    """(what the machine is, with what software), as a run's environment names them.

    clock: the policy by which the processor changes its speed, where the system tells it.
    """
    known = describe_environment(recipe, registry)
    machine = {name: known[name] for name in MACHINE}
    machine["gpu"] = torch.cuda.get_device_name(device) if device.type == "cuda" else None
    machine["clock"] = read_governor()
    left_out = (*MACHINE, "precision")
    versions = {name: value for name, value in known.items() if name not in left_out}
    if device.type == "cuda":
        versions["cuda"] = torch.version.cuda
    return machine, versions


def read_governor(file: Path = GOVERNOR) -> str | None:
    """Linux's name of the policy ("performance", "powersave"); None where it can't be read."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return None


def load_average() -> float | None:
    """Processes that wanted a core in the last minute; None where the system does not tell."""
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None
