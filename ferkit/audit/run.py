"""Run the steps of an audit."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ferkit.audit.duplicates import find_duplicates
from ferkit.audit.embeddings import embed_faces, why_no_embeddings, why_no_weights
from ferkit.audit.findings import judge
from ferkit.audit.leakage import (
    SEEDS,
    describe_groups,
    find_crossings,
    make_split,
    partial_groups,
    random_protocol,
)
from ferkit.audit.near_duplicates import (
    EMBEDDING,
    HASH_DISTANCE,
    NO_PAIRS,
    SIMILARITY,
    Pairs,
    near_by_embedding,
    near_by_hash,
)
from ferkit.audit.near_groups import connect
from ferkit.audit.read import Images, Progress, no_progress, read_images
from ferkit.audit.result import Audit, FaceFacts, Near
from ferkit.components.build import build
from ferkit.components.contract import AgreedDetector
from ferkit.components.registry import Registry
from ferkit.data.crops import crop_faces, describe_detector
from ferkit.data.detection_cache import DetectionCache
from ferkit.data.duplicates import judge_duplicates, pixel_hash
from ferkit.data.samples import describe_left_out, samples_of
from ferkit.errors import DataError
from ferkit.evaluation.protocol_options import NEAR_DUPLICATES
from ferkit.interfaces import Face, Sample
from ferkit.recipe.schema import Recipe

NOT_WANTED = "--no-faces was given"

log = logging.getLogger("ferkit")


@dataclass(frozen=True)
class AuditRequest:
    """A request for an audit.

    Attributes:
        recipe: The recipe.
        registry: The available components.
        is_recipe: True if the recipe's own split is judged.
        seeds: Number of random splits.
        hash_distance: Maximum difference of near duplicates, in bits of 64.
        similarity: Minimum cosine similarity of near-duplicate faces.
        has_faces: True if faces are detected and compared.
        allowed: Names of findings that do not make the command fail.
    """

    recipe: Recipe
    registry: Registry
    is_recipe: bool
    seeds: int = SEEDS
    hash_distance: int = HASH_DISTANCE
    similarity: float = SIMILARITY
    has_faces: bool = True
    allowed: Collection[str] = ()


def audit(order: AuditRequest, progress: Progress = no_progress) -> Audit:
    """Audit a data set. Unreadable files are reported. Raises FerkitError, e.g. without images."""
    samples, left_out = samples_of(order.registry, order.recipe.data)
    for warning in describe_left_out(left_out, len(samples)):
        log.warning("%s", warning)
    if not samples:
        raise DataError(f"Cannot audit the data set {order.recipe.data.name!r}: it has no images")
    images = read_images(samples, progress)
    readable = images.samples
    faces, facts = look_for_faces(order, images, progress)
    by_hash, hash_pairs = near_by_hash(images, order.hash_distance)
    by_embedding, embedding_pairs = compare_faces(order, images, faces, facts, progress)
    random = make_split(random_protocol(order.seeds), readable, np.arange(len(readable)))
    own = None
    if order.is_recipe:
        used = used_places(order.recipe, images, faces, facts)
        split = _with_near_groups(order, images, (hash_pairs, embedding_pairs))
        own = make_split(order.recipe.protocol, split, used)
    found = Audit(
        name=order.recipe.name,
        dataset=order.recipe.data.name,
        root=str(images.root),
        is_recipe=order.is_recipe,
        images=len(samples),
        classes=dict(sorted(Counter(sample.label for sample in samples).items())),
        unreadable=images.unreadable,
        duplicates=find_duplicates(images),
        near=(by_hash, by_embedding),
        groups=describe_groups(readable, random, own),
        partial_groups=partial_groups(readable),
        seeds=order.seeds,
        crossings=find_crossings(own or random, images, (hash_pairs, embedding_pairs)),
        faces=facts,
    )
    return replace(found, findings=judge(found, order.allowed))


def look_for_faces(
    order: AuditRequest, images: Images, progress: Progress = no_progress
) -> tuple[list[Face], FaceFacts]:
    """Crop every image, or keep it whole if it has no face. Without detection the list is empty."""
    recipe, registry = order.recipe, order.registry
    name = recipe.detector.name
    reason = NOT_WANTED if not order.has_faces else why_no_weights(registry, "detector", recipe.detector)
    if reason:
        return [], FaceFacts(name, reason=reason)
    who = registry.get("detector", name)
    detector = AgreedDetector(build(registry, "detector", recipe.detector), who)
    crops = crop_faces(
        images.samples,
        detector,
        cache=DetectionCache(describe_detector(who, recipe.detector.options, detector.detector)),
        options=recipe.faces.model_copy(update={"no_face": "whole_image", "unreadable": "skip"}),
        progress=lambda done, total: progress("faces", done, total),
    )
    if crops.skipped:
        sample, problem = crops.skipped[0]
        raise DataError(f"{sample.path} became unreadable during the audit: {problem}. Run the audit again.")
    lost = [name for name, face in zip(images.names, crops.faces, strict=True) if face.box is None]
    return crops.faces, FaceFacts(name, len(crops.faces) - len(lost), tuple(lost))


def compare_faces(
    order: AuditRequest,
    images: Images,
    faces: Sequence[Face],
    facts: FaceFacts,
    progress: Progress = no_progress,
) -> tuple[Near, Pairs]:
    """Find near duplicates by embedding among the images with a face.

    A face network cannot distinguish images without a face. On SFEW with such images, half of the pairs at
    the same threshold were from different movies.
    """
    places = np.array([place for place, face in enumerate(faces) if face.box is not None], dtype=np.intp)
    reason = facts.reason or why_no_embeddings(order.recipe, order.registry)
    if not reason and not len(places):
        reason = "no face was found"
    if reason:
        return Near(EMBEDDING, order.similarity, reason=reason), NO_PAIRS
    embeddings = embed_faces(order.recipe, order.registry, [faces[place] for place in places], progress)
    return near_by_embedding(images, embeddings, places, order.similarity)


def _with_near_groups(order: AuditRequest, images: Images, near: Sequence[Pairs]) -> Sequence[Sample]:
    """Return the samples, with groups of near duplicates if the recipe's protocol derives them."""
    if getattr(order.recipe.protocol, "by", None) != NEAR_DUPLICATES:
        return images.samples
    numbers = connect(images.sha256, near)
    return [
        replace(sample, groups={**sample.groups, NEAR_DUPLICATES: f"near_{number}"})
        for sample, number in zip(images.samples, numbers, strict=True)
    ]


def used_places(recipe: Recipe, images: Images, faces: Sequence[Face], facts: FaceFacts) -> NDArray[np.intp]:
    """Return the positions of the images that a run of the recipe uses.

    Images without a face and duplicates are dropped as the recipe says. Without face detection, only files
    with identical bytes count as duplicates.
    """
    lost = set(facts.not_found) if recipe.faces.no_face == "skip" else set()
    kept = [place for place, name in enumerate(images.names) if name not in lost]
    if recipe.faces.duplicates == "drop":
        keys = [pixel_hash(faces[place]) if faces else images.sha256[place] for place in kept]
        left_out = judge_duplicates([images.samples[place] for place in kept], keys)
        kept = [place for number, place in enumerate(kept) if number not in left_out]
    return np.array(kept, dtype=np.intp)
