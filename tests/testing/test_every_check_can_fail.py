"""Each check fails for a component that is wrong in just that, and no check fails for a right one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
import torch

import ferkit.testing.suite as suite
from ferkit.components.component import KINDS
from ferkit.testing import Check, draw_folders, run_checks
from ferkit.testing.check import CHECKS_BY_KIND
from ferkit.testing.component_under_test import ComponentUnderTest, Options
from tests.testing.wrong import (
    any_kind,
    datasets,
    descriptors,
    detectors,
    estimators,
    losses,
    modules,
    network,
    right,
    training,
    weights,
)
from tests.testing.wrong.case import CASES, Case, reference, registry_with

WRONG = (any_kind, datasets, descriptors, detectors, estimators, losses, modules, network, training, weights)
MEASURED = {"reports_its_time"}


def folders(folder: Path) -> Mapping[str, str]:
    return {"root": str(draw_folders(folder))}


DEFAULTS: dict[str, Options] = {"dataset": folders}


@pytest.fixture(autouse=True, scope="module")
def _load_checks() -> None:
    suite.load_checks()


def failed(subject: ComponentUnderTest) -> dict[str, str]:
    checks = [Check(subject, one) for one in CHECKS_BY_KIND[subject.component.kind]]
    return {one.check.name: one.told for one in run_checks(checks, {}) if one.status == "failed"}


@cache
def failed_of(case: Case) -> dict[str, str]:
    return failed(case.subject(DEFAULTS))


RIGHT = [
    ("backbone", right.RightBackbone),
    ("backbone", right.RightNormalisedBackbone),
    ("head", right.RightHead),
    ("head", right.RightStagesHead),
    ("head", right.RightAuxiliaryHead),
    ("output", right.RightOutput),
    ("loss", right.RightLoss),
    ("loss", right.RightEmbeddingLoss),
    ("descriptor", right.RightDescriptor),
    ("detector", right.RightDetector),
    ("dataset", right.RightDataset),
    ("estimator", right.RightEstimator),
    ("augmentation", right.RightAugmentation),
    ("augmentation", right.RightBatchAugmentation),
    ("optimizer", right.RightOptimizer),
    ("optimizer", right.RightClosureOptimizer),
    ("scheduler", right.RightScheduler),
    ("callback", right.RightCallback),
]


@pytest.mark.parametrize(("kind", "target"), RIGHT, ids=lambda one: getattr(one, "__name__", one))
def test_a_right_component_fails_no_check(kind: str, target: type) -> None:
    component = reference(kind, target)
    options = DEFAULTS.get(kind, {})
    assert failed(ComponentUnderTest(component, registry_with(component), "right", options, 32)) == {}


def test_a_frozen_backbone_has_no_gradients_to_check() -> None:
    component = reference("backbone", right.RightBackbone)
    frozen = ComponentUnderTest(component, registry_with(component), "right", {"freeze": "all"}, 32)
    assert failed(frozen) == {}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_wrong_component_fails_its_check_and_no_other_without_reason(case: Case) -> None:
    found = failed_of(case)
    expected = {case.check, *case.also}
    if not torch.cuda.is_available():
        expected -= {"runs_on_a_gpu"}
    assert set(found) == expected, found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_failure_states_expected_and_actual_value_and_the_fix(case: Case) -> None:
    if case.check == "runs_on_a_gpu" and not torch.cuda.is_available():
        pytest.skip("torch sees no GPU here")
    told = failed_of(case)[case.check].splitlines()
    assert [line.partition(":")[0] for line in told if line.partition(":")[0] in WORDS] == WORDS
    assert all(line.partition(":")[2].strip() for line in told if line.partition(":")[0] in WORDS)


WORDS = ["expected", "got", "fix"]


def test_every_check_has_a_wrong_component() -> None:
    shown = {(case.component.kind, case.check) for case in CASES}
    of_kinds = {
        one.__name__: {kind for kind in KINDS if one in CHECKS_BY_KIND[kind]}
        for kind in KINDS
        for one in CHECKS_BY_KIND[kind]
    }
    unshown = {name for name, kinds in of_kinds.items() if not any((kind, name) in shown for kind in kinds)}
    assert unshown == MEASURED
