"""Robustness: scores of a classifier on changed images."""

from ferkit.assess.shift.effects import apply
from ferkit.assess.shift.kinds import KINDS
from ferkit.assess.shift.measure import score_files

__all__ = ["KINDS", "apply", "score_files"]
