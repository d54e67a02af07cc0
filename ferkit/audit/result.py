"""Result of an audit, for the terminal, the page and the JSON file. Images are identified by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that cannot be read, with the reason."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Files with identical bytes. Names and labels have the same order."""

    sha256: str
    names: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def is_conflict(self) -> bool:
        """True if the files have several labels."""
        return len(set(self.labels)) > 1


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two near duplicates. `value` is the number of different bits, or the cosine similarity."""

    names: tuple[str, str]
    labels: tuple[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Near:
    """All near-duplicate pairs of one method, without exact duplicates.

    Attributes:
        method: "perceptual hash" or "face embedding".
        threshold: Maximum number of different bits, or minimum cosine similarity.
        compared: Number of compared images.
        pairs: Number of pairs.
        two_labels: Number of pairs with two labels.
        same_group: Kind of group -> fraction of the pairs in the same group, 0..1.
        closest: The nearest pairs, nearest first.
        reason: Why nothing was compared; "" if something was.
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
    """One kind of group, such as person.

    Attributes:
        kind: Name of the kind.
        groups: Number of groups.
        sharing: Number of images whose group has another image.
        random_fraction: Fraction of test images, 0..1, whose group is also in training or validation, for
            random stratified 2-fold; None if not measured.
        protocol_fraction: The same for the recipe's protocol; None if not measured.
    """

    kind: str
    groups: int
    sharing: int
    random_fraction: float | None
    protocol_fraction: float | None


@dataclass(frozen=True, slots=True)
class Crossings:
    """Leakage of a split. Counts are means over the repeats.

    Attributes:
        protocol: Description of the protocol.
        test_images: Number of test images per repeat.
        duplicates: Number of test images with an exact duplicate in training or validation.
        near_duplicates: Number of test images with a near duplicate in training or validation.
        problem: Why the split cannot be made; "" if it can.
    """

    protocol: str
    test_images: float = 0.0
    duplicates: float = 0.0
    near_duplicates: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FaceFacts:
    """Results of face detection.

    Attributes:
        detector: Name of the detector.
        found: Number of images with a face.
        not_found: Names of the images without a face.
        reason: Why no faces were detected; "" if detection ran.
    """

    detector: str
    found: int = 0
    not_found: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of the data set.

    Attributes:
        name: Its name for `--allow`.
        words: Its description.
        is_serious: True if it makes the command fail unless it is allowed.
        is_allowed: True if it is allowed.
    """

    name: str
    words: str
    is_serious: bool
    is_allowed: bool

    @property
    def fails(self) -> bool:
        return self.is_serious and not self.is_allowed


@dataclass(frozen=True, slots=True)
class Audit:
    """The whole result.

    Attributes:
        name: Name of the recipe or data set.
        dataset: Name of the dataset component.
        root: Folder that file names are relative to.
        is_recipe: True if the recipe's own split is judged.
        images: Number of files.
        classes: Label -> number of files.
        unreadable: Files that cannot be read.
        duplicates: Exact duplicates.
        near: Near duplicates of each method.
        groups: Kinds of group that all images have.
        partial_groups: Kinds of group that only some images have -> number of these images.
        seeds: Number of random splits.
        crossings: Leakage of the split.
        faces: Results of face detection.
        findings: The problems, serious ones first.
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
        """Size of the largest class divided by that of the smallest."""
        return max(self.classes.values()) / min(self.classes.values())

    @property
    def spare_duplicates(self) -> int:
        """Number of files that are exact duplicates of others."""
        return sum(len(one.names) - 1 for one in self.duplicates)

    @property
    def is_serious(self) -> bool:
        return any(finding.fails for finding in self.findings)
