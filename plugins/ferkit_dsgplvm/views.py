"""From descriptors to views: scaled and reduced on the training faces alone."""

from __future__ import annotations

from typing import Literal

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from ferkit.plugin import DataError
from ferkit_dsgplvm.kernel import Array

Scaling = Literal["view", "components"]


class ViewScaler:
    """One descriptor's features -> one view.

    Each feature is standardised, then PCA keeps `variance` of theirs. scaling: "view" divides the whole view
    by one number, so that a component varies by 1 on the average and the first ones count most; "components"
    divides each by its own deviation, which makes the last as loud as the first. Raises DataError, naming the
    view, where the faces don't differ in it.
    """

    def __init__(self, features: Array, name: str, variance: float, scaling: Scaling) -> None:
        self.name = name
        _check(features, name)
        # Constant features divide by 1 and stay at 0.
        self.standardise = StandardScaler().fit(features)
        standardised = self.standardise.transform(features)
        self.reduce = PCA(None if variance == 1 else variance, svd_solver="full").fit(standardised)
        deviations = self.reduce.transform(standardised).std(axis=0)
        # With all the variance asked for, the last component of centred features is empty.
        self.kept = deviations > 1e-8 * deviations.max()
        mean = np.sqrt(np.mean(deviations[self.kept] ** 2))
        self.scale = deviations[self.kept] if scaling == "components" else mean

    def __call__(self, features: Array) -> Array:
        """(M, D) -> (M, D_v), the training faces' mean at 0."""
        reduced = self.reduce.transform(self.standardise.transform(features))
        return np.asarray(reduced[:, self.kept] / self.scale)


def _check(features: Array, name: str) -> None:
    if bad := int((~np.isfinite(features)).sum()):
        raise DataError(
            f"ds_gplvm: the view {name!r} has {bad} numbers that are not finite; expected none. Leave the "
            "images out, or change the descriptor's options"
        )
    if features.shape[1] == 0 or bool((features == features[0]).all()):
        raise DataError(
            f"ds_gplvm: the view {name!r} is the same for all {len(features)} training faces; expected "
            "features that differ. Look at the images, or change the descriptor's options"
        )
