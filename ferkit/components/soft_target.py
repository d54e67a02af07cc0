"""Check of soft targets: probabilities of known labels, largest for the label of the sample."""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection, Mapping

from ferkit.interfaces import Sample

TOLERANCE = 1e-6
"""Largest deviation of the sum from 1, from the precision of float32."""


def find_disagreement(sample: Sample, labels: Collection[str]) -> tuple[str, str] | None:
    """Return (expected, got) for a wrong soft target, else None. `labels` are those of all samples."""
    target = sample.soft_target
    if not isinstance(target, Mapping):
        return "a soft target as a mapping of labels to probabilities", type(target).__name__
    if not target:
        return None
    if unknown := sorted(str(name) for name in target if name not in labels):
        known = ", ".join(sorted(labels))
        return f"a soft target with labels of the samples ({known})", ", ".join(unknown)
    if wrong := {name: value for name, value in target.items() if not _is_probability(value)}:
        return "a soft target of probabilities from 0 to 1", str(wrong)
    if abs((total := math.fsum(target.values())) - 1) > TOLERANCE:
        return "a soft target that sums to 1", f"{total:.6g}"
    others = [name for name in target if name != sample.label]
    leading = max(others, key=lambda name: target[name], default=sample.label)
    own = target.get(sample.label, 0.0)
    if leading != sample.label and target[leading] >= own:
        return (
            f"a soft target that is largest for the label, {sample.label}",
            f"{target[leading]:.6g} for {leading} and {own:.6g} for {sample.label}",
        )
    return None


def _is_probability(value: object) -> bool:
    return isinstance(value, numbers.Real) and 0 <= float(value) <= 1
