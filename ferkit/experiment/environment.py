"""The environment of a run: versions and hardware, which also influence its results."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from ferkit.components.registry import Registry
from ferkit.neural.augment import has_image_steps
from ferkit.neural.device import choose_precision
from ferkit.neural.workers import choose_workers
from ferkit.recipe.parts import slots, uses_network
from ferkit.recipe.schema import Recipe
from ferkit.runtime.processes import joined
from ferkit.runtime.processor import processor_name
from ferkit.version import __version__

PACKAGES = (
    "torch",
    "torchvision",
    "timm",
    "facenet-pytorch",
    "albumentations",
    "opencv-python-headless",
    "accelerate",
    "numpy",
    "scikit-learn",
    "pillow",
)


def describe_environment(recipe: Recipe, registry: Registry) -> dict[str, Any]:
    """Return versions, machine, threads, commit of ferkit's checkout, and third-party plugins."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "ferkit": __version__,
        "git commit": _commit(),
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
        "plugins": ", ".join(_plugins(recipe, registry)) or None,
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": gpu,
        "precision": choose_precision(recipe.fit),
        "workers": _workers(recipe, registry) or None,
        "number of processes": count if (count := joined().count) > 1 else None,
    }


def _plugins(recipe: Recipe, registry: Registry) -> list[str]:
    """List the third-party providers of the recipe's components."""
    used = slots(recipe.model_dump(exclude_none=True), registry)
    providers = {registry.provider(kind, part["name"]) for kind, _, part in used}
    return sorted(provider for provider in providers if f"(ferkit {__version__})" not in provider)


def _workers(recipe: Recipe, registry: Registry) -> int:
    """Return the number of processes that prepare batches."""
    if not uses_network(recipe, registry):
        return 0
    return choose_workers(recipe.fit, recipe.model.image_size, has_image_steps(recipe.augment, registry))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Return the commit, with "+changes" if tracked files differ. None outside a checkout."""
    here = Path(__file__).parents[1]
    if not (here.parent / ".git").exists():
        return None
    try:
        describe = ["git", "-C", str(here), "describe", "--always", "--abbrev=40", "--dirty=+changes"]
        answer = subprocess.run(describe, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
