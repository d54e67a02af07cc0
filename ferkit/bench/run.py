"""The steps of `ferkit bench`, from a plan to a record."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any

from ferkit.bench.machine import describe_machine, load_average
from ferkit.bench.measuring import Case, Effort, Key, measure, share_of_peak
from ferkit.bench.memory import make_meter, resident
from ferkit.bench.peak import matmul_cases
from ferkit.bench.plan import Plan
from ferkit.bench.precision import check_precision
from ferkit.bench.record import Record
from ferkit.bench.stages import STAGES
from ferkit.bench.subject import Subject
from ferkit.bench.timers import make_timer
from ferkit.components.registry import Registry
from ferkit.recipe.schema import Recipe

BUSY = 0.5
"""Load per core, from which a warning says that other processes disturb the times."""
ProgressCallback = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Variant:
    """A recipe and a plan to measure.

    Attributes:
        recipe: The recipe.
        plan: What to measure of it.
        key: Identifies its cases among those of other variants: {"precision": "bfloat16"}.
    """

    recipe: Recipe
    plan: Plan
    key: Key = field(default_factory=dict)


def bench(
    title: str, registry: Registry, variants: Sequence[Variant], progress: ProgressCallback = lambda _: None
) -> Record:
    """Measure all stages of all variants in turns, with the rounds and seconds of the first plan.

    Raises:
        RunError: The device does not support the precision.
        DataError: There are no images, or one cannot be read.
    """
    base, load = resident(), load_average()
    subjects = [Subject.of(variant.recipe, registry, variant.plan) for variant in variants]
    warnings = [one for pair in zip(subjects, variants, strict=True) for one in find_warnings(*pair)]
    cases, missing = make_cases(subjects, variants)
    cases = [*reference_cases(subjects, variants, cases), *cases]
    setting = describe_subjects(subjects)  # fails for an unreadable image before anything is timed
    first, plan = subjects[0], variants[0].plan
    meters = partial(make_meter, first.device, base)
    outcome = measure(cases, make_timer(first.device), meters, Effort(plan.rounds, plan.seconds), progress)
    if len(cases) > 1:
        warnings.append("Memory includes what the other rows keep. Measure a stage alone for its own memory.")
    machine, versions = describe_machine(first.recipe, registry, first.device)
    measurements, missing = share_of_peak(outcome.measurements), [*missing, *outcome.missing]
    warnings = list(dict.fromkeys([*warnings, *busy_warnings(load)]))
    return Record(title, machine, versions, setting, measurements, missing, warnings)


def find_warnings(subject: Subject, variant: Variant) -> Iterator[str]:
    """Warn of emulation and substitutes. Raises RunError for a precision that the device lacks."""
    yield from check_precision(subject.precision, subject.device)
    if variant.plan.images is None:
        yield "The images are generated faces. Detection time depends on the images."
    if subject.compile_mode == "reduce-overhead" and subject.device.type == "cpu":
        yield "A CPU has no CUDA graphs: reduce-overhead compiles as default does."


def describe_subjects(subjects: Sequence[Subject]) -> dict[str, Any]:
    """Return the common settings; a setting that differs has all values, in order."""
    described = [subject.describe() for subject in subjects]
    several = {key: list(dict.fromkeys(str(one[key]) for one in described)) for key in described[0]}
    return {key: described[0][key] if len(one) == 1 else " | ".join(one) for key, one in several.items()}


def reference_cases(
    subjects: Sequence[Subject], variants: Sequence[Variant], cases: Sequence[Case]
) -> list[Case]:
    """Return matrix multiplications in each precision, if the operations of a case are counted."""
    if not any(case.flops for case in cases):
        return []
    keys = {
        one.precision: {name: value for name, value in variant.key.items() if name == "precision"}
        for one, variant in zip(subjects, variants, strict=True)
    }
    device = subjects[0].device
    return [case for precision, key in keys.items() for case in matmul_cases(device, precision, key)]


def make_cases(
    subjects: Sequence[Subject], variants: Sequence[Variant]
) -> tuple[list[Case], list[tuple[Key, str]]]:
    """Return a case for every stage and batch size, and the reason for each one that fails."""
    cases: list[Case] = []
    missing: list[tuple[Key, str]] = []
    for subject, variant in zip(subjects, variants, strict=True):
        for stage, batch in product(variant.plan.stages, variant.plan.batch_sizes):
            key = {"stage": stage, "batch": batch, **variant.key}
            try:
                cases.append(STAGES[stage](subject, batch, key))
            except Exception as error:  # of a plugin; the other stages are still measured
                missing.append((key, str(error).partition("\n")[0] or type(error).__name__))
    return cases, missing


def busy_warnings(load: float | None) -> list[str]:
    """Warn if other processes used the machine when the measurement started."""
    cores = os.cpu_count() or 1
    if load is None or load < BUSY * cores:
        return []
    return [f"The machine was busy: load {load} on {cores} cores in the minute before."]
