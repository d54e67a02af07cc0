"""The spine of `ferkit bench`: from a plan to a record."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any

import torch

from ferkit.bench.machine import describe_machine, load_average
from ferkit.bench.measuring import Case, Effort, Key, Outcome, measure, share_of_peak
from ferkit.bench.memory import make_meter, resident
from ferkit.bench.peak import matmul_cases
from ferkit.bench.plan import Plan
from ferkit.bench.precision import check_precision
from ferkit.bench.record import Record
from ferkit.bench.stages import make_case
from ferkit.bench.subject import Subject
from ferkit.bench.timers import make_timer
from ferkit.components.registry import Registry
from ferkit.recipe.schema import Recipe

BUSY = 0.5
"""Processes for each core, beside this one, from which a warning says that others disturb the times."""
ProgressCallback = Callable[[str], object]


def silent(_: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the things that a measuring sets side by side.

    key: what tells its cases from the others', e.g. {"precision": "bfloat16"}; empty where there is only one.
    """

    recipe: Recipe
    plan: Plan
    key: Key = field(default_factory=dict)


def bench(
    title: str, registry: Registry, variants: Sequence[Variant], progress: ProgressCallback = silent
) -> Record:
    """Measure all stages of all variants in turns; the first one's plan says how often.

    Raises RunError for what the device can't do, DataError where there are no images.
    """
    base, load = resident(), load_average()
    subjects = [Subject.of(variant.recipe, registry, variant.plan) for variant in variants]
    found = [one for pair in zip(subjects, variants, strict=True) for one in find_warnings(*pair)]
    cases, missing = make_cases(subjects, variants)
    cases = [*reference_cases(subjects, variants, cases), *cases]
    setting = describe_subjects(subjects)  # an image that can't be read ends it here, not after all
    outcome = measure_on(subjects[0].device, cases, variants[0].plan, base, progress)
    outcome.missing = [*missing, *outcome.missing]
    if len(cases) > 1:
        found.append("Memory includes what is kept for the other rows; a stage measured alone has its own.")
    warnings = list(dict.fromkeys([*found, *busy_warnings(load)]))
    return make_record(title, subjects[0], setting, outcome, warnings)


def find_warnings(subject: Subject, variant: Variant) -> Iterator[str]:
    """What the device only imitates, and what is measured instead. Raises RunError for what it can't do."""
    yield from check_precision(subject.precision, subject.device)
    if variant.plan.images is None:
        yield "The images are drawn faces: what a detector finds in them takes its own time."
    if subject.compile_mode == "reduce-overhead" and subject.device.type == "cpu":
        yield "A CPU has no CUDA graphs: reduce-overhead compiles there as default does."


def describe_subjects(subjects: Sequence[Subject]) -> dict[str, Any]:
    """What all have in common; where they differ, each one's value in their order."""
    told = [subject.describe() for subject in subjects]
    several = {key: list(dict.fromkeys(str(one[key]) for one in told)) for key in told[0]}
    return {key: told[0][key] if len(one) == 1 else " | ".join(one) for key, one in several.items()}


def reference_cases(
    subjects: Sequence[Subject], variants: Sequence[Variant], cases: Sequence[Case]
) -> list[Case]:
    """Matrix multiplications in each precision in which a case's operations are counted."""
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
    """Those of every stage and batch size, and what can't be made of them, with the reason."""
    cases: list[Case] = []
    missing: list[tuple[Key, str]] = []
    for subject, variant in zip(subjects, variants, strict=True):
        for stage, batch in product(variant.plan.stages, variant.plan.batch_sizes):
            try:
                cases.append(make_case(subject, stage, batch, **variant.key))
            except Exception as error:  # whatever a plugin raises; the other stages are measured all the same
                key = {"stage": stage, "batch": batch, **variant.key}
                missing.append((key, str(error).partition("\n")[0] or type(error).__name__))
    return cases, missing


def measure_on(
    device: torch.device, cases: Sequence[Case], plan: Plan, base: int, progress: ProgressCallback = silent
) -> Outcome:
    """Time the cases in turns, and set what they compute against the device's peak."""
    effort = Effort(plan.rounds, plan.seconds)
    outcome = measure(cases, make_timer(device), partial(make_meter, device, base), effort, progress)
    outcome.measurements = share_of_peak(outcome.measurements)
    return outcome


def make_record(
    title: str, subject: Subject, setting: Mapping[str, Any], outcome: Outcome, warnings: Sequence[str]
) -> Record:
    """The outcome beside what it depends on."""
    machine, versions = describe_machine(subject.recipe, subject.registry, subject.device)
    return Record(title, machine, versions, setting, outcome.measurements, outcome.missing, list(warnings))


def busy_warnings(load: float | None) -> list[str]:
    """Where other processes wanted the machine as the measuring began."""
    cores = os.cpu_count() or 1
    if load is None or load < BUSY * cores:
        return []
    return [f"The machine was busy: {load} processes wanted its {cores} cores in the minute before."]
