"""Find near duplicates: compare all pairs, in blocks of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferkit.audit.read import Images
from ferkit.audit.result import Near, NearPair

HASH_DISTANCE = 8
"""Maximum difference of near duplicates, in bits of 64.

SFEW-675 has 158 pairs within 8 bits: all from the same movie, 88% from the same clip. They include half of
all pairs from the same clip. At 10 bits, pairs from different movies appear. The threshold suits images with
different scenes. In 204 studio portraits (London set) with the same framing and background, 151 pairs are
within 8 bits, and 9% of them show the same person. At 2 bits there are none.
"""

SIMILARITY = 0.9
"""Minimum cosine similarity of the embeddings of near-duplicate faces.

SFEW-675 with InceptionResnetV1 (msceleb1m) has 57 pairs from 0.9: all from the same movie, 89% from the same
clip. At 0.895, pairs from different movies appear. In the 204 portraits, all 86 pairs show the same person.
"""

HASH, EMBEDDING = "perceptual hash", "face embedding"
ROWS = 1024
"""Rows per block. With 36,000 images a block takes 150 MB."""
MOST = 5_000_000
"""Maximum number of pairs. With more, the threshold is useless, and they would take much memory."""
LISTED = 1_000
"""Number of nearest pairs that are listed by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of images.

    Attributes:
        first: (P,) positions.
        second: (P,) positions, each larger than `first`.
        value: (P,) float32 similarities.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    value: NDArray[np.float32]


NO_PAIRS = Pairs(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.float32))


def find_pairs(vectors: NDArray[np.float32], least: float, same: NDArray[np.intp]) -> Pairs | None:
    """Find the pairs of rows with a dot product of at least `least`.

    Args:
        vectors: (N, D).
        least: Minimum dot product.
        same: (N,) numbers. Rows with equal numbers are exact duplicates and make no pair.

    Returns:
        The pairs; None if there are more than MOST.
    """
    blocks: list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]] = []
    count = 0
    for start in range(0, len(vectors), ROWS):
        products = vectors[start : start + ROWS] @ vectors[start:].T
        rows, columns = np.nonzero(products >= least)
        is_pair = (columns > rows) & (same[start + rows] != same[start + columns])
        rows, columns = rows[is_pair], columns[is_pair]
        blocks.append((start + rows, start + columns, products[rows, columns]))
        count += len(rows)
        if count > MOST:
            return None
    if not count:
        return NO_PAIRS
    return Pairs(*(np.concatenate([block[part] for block in blocks]) for part in range(3)))


def near_by_hash(images: Images, distance: int = HASH_DISTANCE) -> tuple[Near, Pairs]:
    """Find pairs of images whose perceptual hashes differ by `distance` bits at most."""
    # With bits as +1 and −1, hashes that differ in d of 64 bits have the dot product 64 − 2d.
    signs = np.where(images.bits, np.float32(1), np.float32(-1))
    pairs = find_pairs(signs, 64 - 2 * distance, copy_numbers(images.sha256))
    everything = np.arange(len(images.samples))
    return _describe(
        images, HASH, distance, everything, pairs, "lower --hash-distance", lambda one: (64 - one) / 2
    )


def near_by_embedding(
    images: Images,
    embeddings: NDArray[np.float32],
    places: NDArray[np.intp],
    similarity: float = SIMILARITY,
) -> tuple[Near, Pairs]:
    """Find pairs of faces whose embeddings have at least the given cosine similarity.

    Args:
        images: All images.
        embeddings: (M, D).
        places: (M,) positions of their images, ascending.
        similarity: Minimum cosine similarity.
    """
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / np.maximum(lengths, np.finfo(np.float32).tiny)
    pairs = find_pairs(unit, similarity, copy_numbers(images.sha256)[places])
    if pairs:
        pairs = Pairs(places[pairs.first], places[pairs.second], pairs.value)
    return _describe(
        images, EMBEDDING, similarity, places, pairs, "higher --similarity", lambda one: min(one, 1.0)
    )


def copy_numbers(sha256: Sequence[str]) -> NDArray[np.intp]:
    """Return (N,) numbers that are equal for exact duplicates."""
    return np.unique(np.array(sha256, dtype=str), return_inverse=True)[1].astype(np.intp)


def _describe(
    images: Images,
    method: str,
    threshold: float,
    places: NDArray[np.intp],
    pairs: Pairs | None,
    hint: str,
    measure: Callable[[float], float],
) -> tuple[Near, Pairs]:
    """Describe pairs. `measure` converts a dot product to the reported value."""
    if pairs is None:
        reason = f"more than {MOST:,} pairs are within the threshold. Use a {hint}"
        return Near(method, threshold, reason=reason), NO_PAIRS
    labels = np.array([sample.label for sample in images.samples], dtype=str)
    nearest = np.argsort(-pairs.value, kind="stable")[:LISTED]
    near = Near(
        method,
        threshold,
        compared=len(places),
        pairs=len(pairs.first),
        two_labels=int((labels[pairs.first] != labels[pairs.second]).sum()),
        same_group=_same_group(images, pairs),
        closest=tuple(
            NearPair(
                (images.names[one], images.names[other]),
                (str(labels[one]), str(labels[other])),
                measure(float(value)),
            )
            for one, other, value in zip(
                pairs.first[nearest], pairs.second[nearest], pairs.value[nearest], strict=True
            )
        ),
    )
    return near, pairs


def _same_group(images: Images, pairs: Pairs) -> dict[str, float]:
    from ferkit.data.groups import group_kinds

    if not len(pairs.first):
        return {}
    fractions = {}
    for kind in group_kinds(images.samples):
        names = np.array([sample.groups[kind] for sample in images.samples], dtype=str)
        fractions[kind] = float((names[pairs.first] == names[pairs.second]).mean())
    return fractions
