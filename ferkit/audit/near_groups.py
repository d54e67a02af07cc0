"""Groups of near duplicates: images that a chain of near or exact duplicates connects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ferkit.audit.embeddings import embed_faces, why_no_embeddings
from ferkit.audit.near_duplicates import (
    HASH_DISTANCE,
    SIMILARITY,
    Pairs,
    near_by_embedding,
    near_by_hash,
)
from ferkit.audit.read import Images, perceptual_hash
from ferkit.audit.result import Near
from ferkit.components.registry import Registry
from ferkit.data.images import read_image
from ferkit.errors import DataError
from ferkit.interfaces import Face
from ferkit.recipe.schema import Recipe


@dataclass(frozen=True, slots=True, eq=False)
class NearGroups:
    """Groups of N images.

    Attributes:
        numbers: (N,) number of the group of each image, from 0, by first appearance.
        method: The methods that found the near duplicates, as a phrase.
    """

    numbers: NDArray[np.intp]
    method: str


def connect(sha256: Sequence[str], near: Sequence[Pairs]) -> NDArray[np.intp]:
    """Return the number of the connected component of each image, from 0, by first appearance.

    Args:
        sha256: (N,) hashes of the files. Equal files are connected.
        near: The near pairs of each method, as positions.
    """
    count = len(sha256)
    _, first, copies = np.unique(np.array(sha256, dtype=str), return_index=True, return_inverse=True)
    one = np.concatenate([np.arange(count), *(pairs.first for pairs in near)])
    other = np.concatenate([first[copies], *(pairs.second for pairs in near)])
    links = coo_array((np.ones(len(one), np.bool_), (one, other)), shape=(count, count))
    _, found = connected_components(links, directed=False)
    _, order, numbers = np.unique(found, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(order))[numbers].astype(np.intp)


def find_near_groups(recipe: Recipe, registry: Registry, faces: Sequence[Face]) -> NearGroups:
    """Group faces by the audit's near duplicates: perceptual hashes of images, and embeddings of faces.

    Faces are compared if the recipe's backbone has pretrained weights that need no download.

    Raises:
        DataError: An image is unreadable, or more pairs are near duplicates than can be used.
    """
    bits = np.array([perceptual_hash(read_image(face.sample.path)) for face in faces], dtype=np.bool_)
    names, samples = [str(face.sample.path) for face in faces], [face.sample for face in faces]
    images = Images(samples[0].path.parent, samples, names, [one.sha256 for one in faces], bits, ())
    results = [near_by_hash(images)]
    methods = [f"perceptual hash, {HASH_DISTANCE} of 64 bits at most"]
    places = np.array([place for place, one in enumerate(faces) if one.box is not None], dtype=np.intp)
    if len(places) and not why_no_embeddings(recipe, registry):
        embeddings = embed_faces(recipe, registry, [faces[place] for place in places])
        results.append(near_by_embedding(images, embeddings, places))
        methods.append(f"face embedding, cosine of {SIMILARITY} or more")
    for near, _ in results:
        _check(near)
    return NearGroups(connect(images.sha256, [pairs for _, pairs in results]), "; ".join(methods))


def _check(near: Near) -> None:
    if near.reason:
        raise DataError(f"Cannot group near duplicates by {near.method}: {near.reason.partition('.')[0]}.")
