"""The spine of `ferkit bench`: from a plan to a record."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial

import torch

from ferkit.assemble import build
from ferkit.bench.machine import describe_machine, load_average
from ferkit.bench.measuring import Case, Effort, Key, Outcome, find_peak, measure, share_of_peak
from ferkit.bench.memory import make_meter, resident
from ferkit.bench.peak import matmul_cases
from ferkit.bench.plan import Plan
from ferkit.bench.precision import check_precision, choose_device, set_float32
from ferkit.bench.record import Record
from ferkit.bench.stages import make_case
from ferkit.bench.subject import Subject, find_photographs
from ferkit.bench.timers import make_timer
from ferkit.neural.device import choose_precision
from ferkit.recipe import Recipe
from ferkit.registry import Registry

BUSY = 0.5
"""Processes for each core, beside this one, from which a notice says that others disturb the times."""
Say = Callable[[str], object]


def silent(_: str) -> None:
    """Progress that nobody watches."""


def bench(recipe: Recipe, registry: Registry, plan: Plan, title: str, progress: Say = silent) -> Record:
    """Measure a recipe's stages. Raises RunError, DataError, ComponentError."""
    base = resident()
    load = load_average()
    subject, notices = make_subject(recipe, registry, plan)
    asked = [(stage, batch) for stage in plan.stages for batch in plan.batch_sizes]
    cases, missing = make_cases([(subject, stage, batch, {}) for stage, batch in asked])
    if any(case.flops for case in cases):
        cases = [*matmul_cases(subject.device, subject.precision), *cases]
    outcome = measure_on(subject.device, cases, plan, base, progress)
    outcome.missing = [*missing, *outcome.missing]
    setting = {**subject.describe(), **describe_plan(subject, plan)}
    return make_record(title, subject, setting, outcome, [*notices, *busy_notices(load)])


def make_subject(recipe: Recipe, registry: Registry, plan: Plan) -> tuple[Subject, list[str]]:
    """The recipe's parts on the plan's device, and notices. Raises RunError where it can't be had there."""
    device = choose_device(plan.device)
    fit = recipe.fit.model_copy(update={"device": str(device)})
    precision = choose_precision(fit) if plan.precision == "auto" else plan.precision
    notices = check_precision(precision, device)
    set_float32(precision)
    if plan.images:
        files = find_photographs(plan.images, max(plan.batch_sizes))
    else:
        samples = build(registry, "dataset", recipe.data).samples()
        files = [sample.path for sample in samples]
        notices.append("The photographs are drawn faces: what a detector finds in them takes its own time.")
    if plan.compile_mode == "reduce-overhead" and device.type == "cpu":
        notices.append("A CPU has no CUDA graphs: reduce-overhead compiles there as default does.")
    return Subject(recipe, registry, device, precision, plan.compile_mode, files), notices


def make_cases(
    asked: Sequence[tuple[Subject, str, int, Key]],
) -> tuple[list[Case], list[tuple[Key, str]]]:
    """(subject, stage, batch, what else tells it from others) -> cases, and those that can't be made."""
    cases: list[Case] = []
    missing: list[tuple[Key, str]] = []
    for subject, stage, batch, variant in asked:
        try:
            cases.append(make_case(subject, stage, batch, **variant))
        except Exception as error:  # whatever a plugin's part raises; the other stages are still measured
            missing.append(({"stage": stage, "batch": batch, **variant}, str(error).partition("\n")[0]))
    return cases, missing


def measure_on(
    device: torch.device, cases: Sequence[Case], plan: Plan, base: int, progress: Say = silent
) -> Outcome:
    """Time the cases in turns, and set what they compute against the device's peak."""
    effort = Effort(plan.rounds, plan.seconds)
    outcome = measure(cases, make_timer(device), partial(make_meter, device, base), effort, progress)
    peak = find_peak(outcome.measurements)
    outcome.measurements = [share_of_peak(one, peak) for one in outcome.measurements]
    return outcome


def describe_plan(subject: Subject, plan: Plan) -> dict[str, object]:
    return {
        "device": str(subject.device),
        "precision": subject.precision,
        "compile": subject.compile_mode,
        "memory_format": "channels_last",
    }


def make_record(
    title: str, subject: Subject, setting: dict[str, object], outcome: Outcome, notices: Sequence[str]
) -> Record:
    """The outcome beside what it depends on."""
    machine, versions = describe_machine(subject.recipe, subject.registry, subject.device)
    return Record(title, machine, versions, setting, outcome.measurements, outcome.missing, list(notices))


def busy_notices(load: float | None) -> list[str]:
    """Where other processes wanted the machine as the measuring began."""
    cores = os.cpu_count() or 1
    if load is None or load < BUSY * cores:
        return []
    return [f"The machine was busy: {load} processes wanted its {cores} cores in the minute before."]
