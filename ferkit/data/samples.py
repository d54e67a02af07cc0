"""The samples of a recipe's dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ferkit.components.build import build
from ferkit.components.contract import check_left_out, check_samples
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.interfaces import Sample


def samples_of(registry: Registry, part: Part) -> tuple[Sequence[Sample], dict[str, int]]:
    """List the samples of a dataset.

    Returns:
        The samples, and reason to number of excluded images.

    Raises:
        DataError: The images or annotations are missing.
        ComponentError: The dataset returns something else.
    """
    dataset, who = build(registry, "dataset", part), registry.get("dataset", part.name)
    samples = check_samples(dataset.samples(), who)
    return samples, check_left_out(dataset, who)


def describe_left_out(left_out: Mapping[str, int], kept: int) -> list[str]:
    """Describe the images that the dataset excluded. `kept` is the number of samples."""
    if not left_out:
        return []
    count = sum(left_out.values())
    most_first = sorted(left_out.items(), key=lambda item: -item[1])
    reasons = ", ".join(f"{number} {reason}" for reason, number in most_first)
    return [f"The dataset itself left out {count} of {count + kept} images: {reasons}"]
