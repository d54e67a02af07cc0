"""From descriptors to what the SVM is given: scaled, projected, of total variance 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

Scaling = Literal["features", "descriptors", "components"]


class BlockScaler(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Subtract each column's mean, and divide each block of columns by the root of its total variance.

    widths: the columns of each block; None is one block of all. Nothing is divided by 0: a block without
    variance becomes zeros.
    """

    def __init__(self, widths: Sequence[int] | None = None) -> None:
        self.widths = widths

    def fit(self, rows: NDArray[np.float64], truth: object = None) -> BlockScaler:
        widths = self.widths if self.widths is not None else [rows.shape[1]]
        ends = np.cumsum(widths)
        variances = np.array([part.sum() for part in np.split(rows.var(axis=0), ends[:-1])])
        self.mean_ = rows.mean(axis=0)
        self.scale_ = np.repeat(np.sqrt(np.where(variances > 0, variances, 1.0)), widths)
        return self

    def transform(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        scaled: NDArray[np.float64] = (rows - self.mean_) / self.scale_
        return scaled


def make_preparation(scaling: Scaling, variance: float, widths: Sequence[int]) -> Pipeline:
    """An unfitted pipeline of three steps, "scale", "pca" and "unit".

    scaling: "features" gives every feature mean 0 and variance 1 before PCA; "descriptors" gives every
    descriptor as a whole variance 1 before it, its features as they are to each other; "components" gives
    variance 1 to every component after it. variance: the fraction that PCA keeps, 1 for all; widths: the
    features of each descriptor. "unit" divides by one number, so that gamma means the same whatever the
    descriptors: in units of scikit-learn's "scale", one over the total variance.
    """
    before = {
        "features": StandardScaler(),
        "descriptors": BlockScaler(tuple(widths)),
        "components": "passthrough",
    }
    after = [("components", StandardScaler())] if scaling == "components" else []
    # Only the full decomposition can keep a share, and it draws no random numbers.
    pca = PCA(n_components=variance if variance < 1 else None, svd_solver="full")
    return Pipeline([("scale", before[scaling]), ("pca", pca), *after, ("unit", BlockScaler())])
