"""Views: descriptors, scaled and reduced on the training faces."""

from __future__ import annotations

from typing import Literal

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from ferkit.plugin import DataError
from ferkit_dsgplvm.kernel import Array

Scaling = Literal["view", "components"]


class ViewScaler:
    """Converts one descriptor's features to a view: standardised features, reduced by PCA, scaled.

    Args:
        features: (N, D) features of the training faces.
        name: Name of the view in messages.
        variance: Fraction of the variance that PCA keeps.
        scaling: "view" divides the view by one number, so the mean variance of its components is 1 and the
            first ones count most. "components" divides each component by its own deviation, so all count
            alike.

    Raises:
        DataError: The view is not finite, or equal for all faces.
    """

    def __init__(self, features: Array, name: str, variance: float, scaling: Scaling) -> None:
        self.name = name
        _check(features, name)
        # Constant features are divided by 1 and stay at 0.
        self.standardise = StandardScaler().fit(features)
        standardised = self.standardise.transform(features)
        self.reduce = PCA(None if variance == 1 else variance, svd_solver="full").fit(standardised)
        deviations = self.reduce.transform(standardised).std(axis=0)
        # With variance = 1, the last component of centred features is empty.
        self.kept = deviations > 1e-8 * deviations.max()
        mean = np.sqrt(np.mean(deviations[self.kept] ** 2))
        self.scale = deviations[self.kept] if scaling == "components" else mean

    def __call__(self, features: Array) -> Array:
        """Convert features (M, D) to a view (M, D_v). The mean of the training faces is 0."""
        reduced = self.reduce.transform(self.standardise.transform(features))
        return np.asarray(reduced[:, self.kept] / self.scale)


def _check(features: Array, name: str) -> None:
    if bad := int((~np.isfinite(features)).sum()):
        raise DataError(
            f"ds_gplvm: the view {name!r} has {bad} numbers that are not finite. Remove the images, or "
            "change the descriptor's options."
        )
    if features.shape[1] == 0 or bool((features == features[0]).all()):
        raise DataError(
            f"ds_gplvm: the view {name!r} is the same for all {len(features)} training faces. Check the "
            "images, or change the descriptor's options."
        )
