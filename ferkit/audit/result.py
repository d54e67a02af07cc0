"""What an audit found, as the terminal, the page and the JSON file tell it. Images go by their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unreadable:
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Images that are byte for byte the same; names and labels in one order."""

    sha256: str
    names: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def is_conflict(self) -> bool:
        """Whether the one image stands under several labels."""
        return len(set(self.labels)) > 1


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two images that are nearly the same; value: bits that differ, or cosine similarity."""

    names: tuple[str, str]
    labels: tuple[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Near:
    """All pairs within a threshold, exact duplicates left out.

    compared: images; same_group: kind of group -> share (0..1) of the pairs that are of one group;
    closest: the first of the pairs, nearest first; reason: why nothing was compared, else "".
    """

    method: str
    threshold: float
    compared: int = 0
    pairs: int = 0
    two_labels: int = 0
    same_group: Mapping[str, float] | None = None
    closest: tuple[NearPair, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Groups:
    """One kind of group. sharing: images whose group has another.

    random_fraction, protocol_fraction: the fraction (0..1) of test images with an image of their group in
    training (or validation), under random stratified 2-fold and under the recipe's protocol; None where not
    judged.
    """

    kind: str
    groups: int
    sharing: int
    random_fraction: float | None
    protocol_fraction: float | None


@dataclass(frozen=True, slots=True)
class Crossings:
    """What is on both sides of a split.

    protocol: in words; test_images, duplicates, near_duplicates: in one repeat, the mean over the repeats:
    test images, those with an exact duplicate in training (or validation), those with a near duplicate
    there; problem: why the split can't be made, else "".
    """

    protocol: str
    test_images: float = 0.0
    duplicates: float = 0.0
    near_duplicates: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FaceFacts:
    """detector: its name; reason: why no face was looked for, else ""."""

    detector: str
    found: int = 0
    not_found: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """name: what `--allow` calls it; is_serious: whether it makes the command fail where not allowed."""

    name: str
    words: str
    is_serious: bool
    is_allowed: bool

    @property
    def fails(self) -> bool:
        return self.is_serious and not self.is_allowed


@dataclass(frozen=True, slots=True)
class Audit:
    """root: the folder that names are below; classes: label -> images, all files counted.

    partial_groups: kinds of group that only some images have, and how many; seeds: random splits.
    """

    name: str
    dataset: str
    root: str
    is_recipe: bool
    images: int
    classes: Mapping[str, int]
    unreadable: tuple[Unreadable, ...]
    duplicates: tuple[Duplicates, ...]
    near: tuple[Near, ...]
    groups: tuple[Groups, ...]
    partial_groups: Mapping[str, int]
    seeds: int
    crossings: Crossings
    faces: FaceFacts
    findings: tuple[Finding, ...] = ()

    @property
    def imbalance(self) -> float:
        """The largest class over the smallest."""
        return max(self.classes.values()) / min(self.classes.values())

    @property
    def spare_duplicates(self) -> int:
        """Images that would go if one of each image were kept."""
        return sum(len(one.names) - 1 for one in self.duplicates)

    @property
    def is_serious(self) -> bool:
        return any(finding.fails for finding in self.findings)
