"""Records without a measuring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ferkit.bench.record import Measurement, Record

MACHINE = {"system": "Linux", "processor": "one", "cores": 2, "threads": 2, "gpu": None, "clock": None}


def noisy(median: float, noise: float = 0.05, rounds: int = 50, seed: int = 0) -> list[float]:
    """Times about a median, some of them much longer, as on a machine that does other things too."""
    generator = np.random.default_rng(seed)
    times = median * generator.lognormal(0, noise, rounds)
    times[generator.random(rounds) < 0.1] *= 2
    return [float(one) for one in times]


def measured(stage: str, seconds: Sequence[float], batch: int = 8, **facts: Any) -> Measurement:
    return Measurement({"stage": stage, "batch": batch}, seconds, batch, **facts)


def record_of(*measurements: Measurement, **changes: Any) -> Record:
    facts: dict[str, Any] = {
        "title": "made up",
        "machine": MACHINE,
        "versions": {"torch": "2.0"},
        "setting": {"backbone": "tiny", "precision": "float32"},
        "measurements": list(measurements),
    }
    return Record(**{**facts, **changes})
