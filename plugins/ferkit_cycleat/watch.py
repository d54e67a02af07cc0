"""Whether a translation still is one: mode collapse and divergence, told once each."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

COLLAPSED = 0.2
"""Translations that differ among themselves by less than this part of what their originals do."""
DECIDED = 0.01
"""A discriminator's LSGAN loss below which its scores are within 0.1 of right; 0.25 where it can't tell."""
EXPLODED = 10.0
"""Times the least loss of any epoch so far."""

DIRECTIONS = {"diversity_s_to_a": "source to auxiliary", "diversity_a_to_s": "auxiliary to source"}
JUDGES = {"loss_d_s": "source", "loss_d_a": "auxiliary"}


def diversity(images: Tensor) -> float:
    """(N, 3, H, W) -> the mean over all pairs of the root mean square difference of their pixels."""
    if len(images) < 2:
        return 0.0
    flat = images.flatten(1).double()
    return float(torch.pdist(flat).mean() / math.sqrt(flat.shape[1]))


def relative_diversity(translated: Tensor, originals: Tensor, real: Tensor) -> float:
    """The translations' diversity, 1 for that of their originals or of the domain's real images.

    The lesser of the two counts: a domain where all images are alike asks for no more. 1 where even
    these are all the same.
    """
    expected = min(diversity(originals), diversity(real))
    return diversity(translated) / expected if expected > 0 else 1.0


class Watch:
    """What has been told, and the least loss so far."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.least = float("inf")

    def look(self, details: Mapping[str, float]) -> list[str]:
        """Warnings about an epoch's details; what was told once is not told again.

        No number stands in them: folds with the same trouble say the same, and ferkit adds where it was.
        """
        warnings = []
        for name, sentence in self._troubles(details).items():
            if name not in self.told:
                self.told.append(name)
                warnings.append(sentence)
        self.least = min(self.least, details["loss"])
        return warnings

    def _troubles(self, details: Mapping[str, float]) -> dict[str, str]:
        troubles = {}
        for name, direction in DIRECTIONS.items():
            if details.get(name, 1.0) < COLLAPSED:
                troubles[name] = (
                    f"Mode collapse from {direction}: the translations differ among themselves by less than "
                    f"{COLLAPSED} of what real images do (its {name}). Raise cycle_weight or "
                    "identity_weight, or lower lr"
                )
        for name, domain in JUDGES.items():
            if details.get(name, 1.0) < DECIDED:
                troubles[name] = (
                    f"The discriminator of the {domain} domain has won: its loss is below {DECIDED} (0.25 "
                    "where it can't tell), and the generators learn nothing from it. Lower lr, or give it "
                    "fewer discriminator_layers"
                )
        if details["loss"] > EXPLODED * self.least:
            troubles["loss"] = (
                f"The loss has exploded to more than {EXPLODED:g} times its least. Lower lr or "
                "attention_weight"
            )
        return troubles

    def state(self) -> dict[str, object]:
        return {"told": list(self.told), "least": self.least}

    def restore(self, state: Mapping[str, object]) -> None:
        told, least = state["told"], state["least"]
        assert isinstance(told, list)
        assert isinstance(least, float)
        self.told, self.least = list(told), least
