"""Detection of mode collapse and divergence, with one warning for each."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

COLLAPSED = 0.2
"""Relative diversity of the translations below which they have collapsed."""
DECIDED = 0.01
"""LSGAN loss of a discriminator below which its scores are within 0.1 of right. 0.25 is chance."""
EXPLODED = 10.0
"""Factor of the lowest loss so far above which the loss has exploded."""

DIRECTIONS = {"diversity_s_to_a": "source to auxiliary", "diversity_a_to_s": "auxiliary to source"}
JUDGES = {"loss_d_s": "source", "loss_d_a": "auxiliary"}


def diversity(images: Tensor) -> float:
    """Return the root mean square difference of pixels, the mean over all pairs of images (N, 3, H, W)."""
    if len(images) < 2:
        return 0.0
    flat = images.flatten(1).double()
    return float(torch.pdist(flat).mean() / math.sqrt(flat.shape[1]))


def relative_diversity(translated: Tensor, originals: Tensor, real: Tensor) -> float:
    """Return the diversity of translations, relative to their originals or the domain's real images.

    The lower of these two counts, because a domain may have similar images only. The result is 1 if even
    these are equal.
    """
    expected = min(diversity(originals), diversity(real))
    return diversity(translated) / expected if expected > 0 else 1.0


class Watch:
    """The warnings given so far, and the lowest loss so far."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.least = float("inf")

    def look(self, details: Mapping[str, float]) -> list[str]:
        """Return new warnings about an epoch's details. Each warning is given once.

        Warnings have no numbers of the epoch: folds with the same problem have the same warning, and ferkit
        adds the fold and epoch.
        """
        warnings = []
        for name, sentence in self._troubles(details).items():
            if name not in self.told:
                self.told.append(name)
                warnings.append(sentence)
        self.least = min(self.least, details["loss"])
        return warnings

    def _troubles(self, details: Mapping[str, float]) -> dict[str, str]:
        """Return the problems of an epoch by the names of their details."""
        troubles = {}
        for name, direction in DIRECTIONS.items():
            if details.get(name, 1.0) < COLLAPSED:
                troubles[name] = (
                    f"Mode collapse from {direction}: {name} is below {COLLAPSED} (1 for real images). Raise "
                    "cycle_weight or identity_weight, or lower lr."
                )
        for name, domain in JUDGES.items():
            if details.get(name, 1.0) < DECIDED:
                troubles[name] = (
                    f"The discriminator of the {domain} domain has won: its loss is below {DECIDED} (chance: "
                    "0.25), and the generators learn nothing from it. Lower lr or discriminator_layers."
                )
        if details["loss"] > EXPLODED * self.least:
            troubles["loss"] = (
                f"The loss has exploded to more than {EXPLODED:g} times its minimum. Lower lr or "
                "attention_weight."
            )
        return troubles

    def state(self) -> dict[str, object]:
        return {"told": list(self.told), "least": self.least}

    def restore(self, state: Mapping[str, object]) -> None:
        told, least = state["told"], state["least"]
        assert isinstance(told, list)
        assert isinstance(least, float)
        self.told, self.least = list(told), least
