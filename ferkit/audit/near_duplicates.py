"""Images that are nearly the same: all pairs, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferkit.audit.read import Images
from ferkit.audit.result import Near, NearPair

HASH_DISTANCE = 8
"""Bits of 64 that may differ. On SFEW-675, of the 158 pairs within 8 bits all are of one movie and 88% of one
clip, and half of all pairs of one clip are found; at 10 bits, pairs of different movies begin. It is for
images that differ in scene: of 204 studio portraits (../shared/data/london), where framing and
background are one, 151 pairs are within 8 bits and 9% of them of one person; at 2 bits there are none."""

SIMILARITY = 0.9
"""Cosine of two faces' embeddings. On SFEW-675 with InceptionResnetV1 (msceleb1m), of the 57 pairs at 0.9 and
above all are of one movie and 89% of one clip; at 0.895, pairs of different movies begin. On the 204
portraits, all of the 86 pairs are of one person."""

HASH, EMBEDDING = "perceptual hash", "face embedding"
ROWS = 1024
"""Compared with all others at a time: 36,000 images make a block of 150 MB."""
MOST = 5_000_000
"""Pairs beyond which a threshold tells nothing, and the memory for them would be the next trouble."""
LISTED = 1_000
"""Pairs that are told by name, the nearest ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """first, second: (P,) positions, first < second; value: (P,) float32, larger is nearer."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    value: NDArray[np.float32]


NO_PAIRS = Pairs(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.float32))


def find_pairs(vectors: NDArray[np.float32], least: float, same: NDArray[np.intp]) -> Pairs | None:
    """The pairs of rows whose product is `least` or more.

    vectors: (N, D); same: (N,), equal for rows that are no pair (exact duplicates). None where there are more
    than MOST.
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
    """Pairs of images whose perceptual hashes differ in `distance` bits at most."""
    # As +1 and −1, two hashes that differ in d of 64 bits have the product 64 − 2d, exactly.
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
    """Pairs of faces whose embeddings have that cosine or more.

    embeddings: (M, D); places: (M,), which images they are of, ascending.
    """
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / np.maximum(lengths, np.finfo(np.float32).tiny)
    pairs = find_pairs(unit, similarity, copy_numbers(images.sha256)[places])
    if pairs:
        pairs = Pairs(places[pairs.first], places[pairs.second], pairs.value)
    return _describe(
        images, EMBEDDING, similarity, places, pairs, "raise --similarity", lambda one: min(one, 1.0)
    )


def copy_numbers(sha256: Sequence[str]) -> NDArray[np.intp]:
    """(N,): a number for each image, the same for all its duplicates."""
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
    """measure: a pair's product -> the value that is told of it."""
    if pairs is None:
        reason = f"more than {MOST:,} pairs are as near as that, so the threshold tells nothing; {hint}"
        return Near(method, threshold, reason=reason), NO_PAIRS
    labels = np.array([sample.label for sample in images.samples], dtype=str)
    nearest = np.argsort(-pairs.value, kind="stable")[:LISTED]
    told = Near(
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
    return told, pairs


def _same_group(images: Images, pairs: Pairs) -> dict[str, float]:
    from ferkit.data.groups import group_kinds

    if not len(pairs.first):
        return {}
    shares = {}
    for kind in group_kinds(images.samples):
        names = np.array([sample.groups[kind] for sample in images.samples], dtype=str)
        shares[kind] = float((names[pairs.first] == names[pairs.second]).mean())
    return shares
