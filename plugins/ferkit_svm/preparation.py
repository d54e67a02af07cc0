"""Preparation of descriptors for the SVM: scaling, projection and total variance 1."""

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
    """Subtract each column's mean and divide each block of columns by the root of its total variance.

    A block without variance becomes zeros.

    Args:
        widths: Columns of each block. None is one block with all columns.
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
    """Return an unfitted pipeline with the steps "scale", "pca" and "unit".

    The step "unit" divides by one number, so gamma is in units of 1/(total variance), scikit-learn's "scale",
    for any descriptors.

    Args:
        scaling: "features" scales every feature to mean 0 and variance 1 before PCA. "descriptors" scales
            every descriptor as a whole to variance 1 before PCA. "components" scales every component after
            PCA.
        variance: Fraction of the variance that PCA keeps, 1 for all.
        widths: Number of features of each descriptor.
    """
    before = {
        "features": StandardScaler(),
        "descriptors": BlockScaler(tuple(widths)),
        "components": "passthrough",
    }
    after = [("components", StandardScaler())] if scaling == "components" else []
    # Only the full decomposition can keep a fraction, and it is deterministic.
    pca = PCA(n_components=variance if variance < 1 else None, svd_solver="full")
    return Pipeline([("scale", before[scaling]), ("pca", pca), *after, ("unit", BlockScaler())])
