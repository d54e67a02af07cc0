"""What a sample's soft target must satisfy: a distribution over the data's labels that its label leads."""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection, Mapping

from ferkit.interfaces import Sample

TOLERANCE = 1e-6
"""By how much the shares may miss 1; float32 keeps no more digits."""


def find_disagreement(sample: Sample, labels: Collection[str]) -> tuple[str, str] | None:
    """(what was expected, what came), None where all is well; labels: those of all the data's samples."""
    shares = sample.soft_target
    if not isinstance(shares, Mapping):
        return "a soft target from label names to shares", type(shares).__name__
    if not shares:
        return None
    if unknown := sorted(str(name) for name in shares if name not in labels):
        known = ", ".join(sorted(labels))
        return f"a soft target of names that samples are labelled with ({known})", ", ".join(unknown)
    if wrong := {name: share for name, share in shares.items() if not _is_fraction(share)}:
        return "a soft target of shares from 0 to 1", str(wrong)
    if abs((total := math.fsum(shares.values())) - 1) > TOLERANCE:
        return "a soft target that adds up to 1", f"{total:.6g}"
    others = [name for name in shares if name != sample.label]
    leading = max(others, key=lambda name: shares[name], default=sample.label)
    own = shares.get(sample.label, 0.0)
    if leading != sample.label and shares[leading] >= own:
        return (
            f"a soft target that gives most to the label, {sample.label}",
            f"{shares[leading]:.6g} for {leading} and {own:.6g} for {sample.label}",
        )
    return None


def _is_fraction(share: object) -> bool:
    return isinstance(share, numbers.Real) and 0 <= float(share) <= 1
