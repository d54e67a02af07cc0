"""Each stage does what it says, on a small network and drawn faces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ferkit.bench.peak import count_flops
from ferkit.bench.plan import STAGES, Plan
from ferkit.bench.recipes import load_for_bench
from ferkit.bench.run import Variant, bench
from ferkit.bench.stages import STAGES as CALLS
from ferkit.bench.subject import Subject, bring_to, find_images
from ferkit.components.registry import Registry
from ferkit.errors import DataError, RunError
from ferkit.recipe.schema import Recipe

pytestmark = pytest.mark.slow

TINY = {"model.backbone": "tiny"}
SETTINGS = [
    'plugins=["tests.plugins_for_tests.tiny_plugin"]',
    'model.head={name="mute"}',
    "model.image_size=32",
]
QUICK = Plan(batch_sizes=(2,), precision="float32", device="cpu", rounds=2)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> tuple[Recipe, Registry]:
    monkeypatch.setattr("ferkit.bench.peak.SIDES", {"cpu": (64,)})
    return load_for_bench("quickstart", SETTINGS, TINY, 2, 64)


@pytest.fixture
def subject(loaded: tuple[Recipe, Registry]) -> Subject:
    return Subject.of(*loaded, QUICK)


def test_all_stages_of_a_recipe_are_measured(loaded: tuple[Recipe, Registry]) -> None:
    recipe, registry = loaded
    record = bench("a test", registry, [Variant(recipe, QUICK)])
    assert record.missing == []
    stages = [one.case["stage"] for one in record.measurements]
    assert stages == ["matmul", *STAGES]
    assert {one.images for one in record.measurements[1:]} == {2}
    backbone = record.find(stage="backbone", batch=2)
    assert backbone
    assert backbone.flops
    assert backbone.peak_share
    assert record.setting["backbone"] == "tiny"
    assert record.setting["images"] == "2 of 64x64"
    assert record.machine["threads"] == torch.get_num_threads()
    assert any("generated faces" in warning for warning in record.warnings)


def test_variants_are_told_apart_and_each_has_its_own_peak(loaded: tuple[Recipe, Registry]) -> None:
    recipe, registry = loaded
    variants = [
        Variant(recipe, replace(QUICK, stages=["backbone"], precision=precision), {"precision": precision})
        for precision in ("float32", "bfloat16")
    ]
    record = bench("a test", registry, variants)
    cases = [(one.case["stage"], one.case["precision"]) for one in record.measurements]
    assert cases == [
        ("matmul", "float32"),
        ("matmul", "bfloat16"),
        ("backbone", "float32"),
        ("backbone", "bfloat16"),
    ]
    assert record.setting["precision"] == "float32 | bfloat16"
    assert record.setting["backbone"] == "tiny"


def test_a_training_step_changes_the_network_and_nothing_else_does(subject: Subject) -> None:
    weight = subject.network.backbone.early[0].weight
    for stage in STAGES:
        before = weight.detach().clone()
        case = CALLS[stage](subject, 2, {})
        case.prepare()
        case.call()
        assert torch.equal(before, weight) == (stage != "training_step")


SAM = 'fit.optimizer={name="sam", lr=0.1, base={name="sgd"}}'


@pytest.mark.parametrize(
    "changes",
    [
        ['model.head={name="multiscale", stage="late", deep_supervision=0.4}'],
        ['model.head={name="linear"}', 'loss={name="center", source="embeddings"}'],
        [SAM],
    ],
)
def test_a_training_step_has_the_loss_of_a_run(changes: list[str]) -> None:
    recipe, registry = load_for_bench("quickstart", [*SETTINGS, *changes], TINY, 2, 64)
    subject = Subject.of(recipe, registry, QUICK)
    weight, norm = subject.network.backbone.early[0].weight, subject.network.backbone.early[1]
    before = weight.detach().clone()
    case = CALLS["training_step"](subject, 2, {})
    case.prepare()
    case.call()
    assert not torch.equal(before, weight)
    assert norm.num_batches_tracked == 1  # a second pass of SAM is not counted
    CALLS["head"](subject, 2, {}).prepare()
    assert not subject.network.keeps_embeddings


def test_what_a_network_makes_at_its_first_pass_is_not_timed(subject: Subject) -> None:
    passes: list[int] = []
    training, backbone = (CALLS[stage](subject, 2, {}) for stage in ("training_step", "backbone"))
    training.prepare()
    assert subject.network.training
    subject.network.backbone.register_forward_hook(lambda module, given, maps: passes.append(len(given[0])))
    backbone.prepare()
    assert not subject.network.training
    assert passes == [1]
    backbone.prepare()
    backbone.call()
    assert passes == [1, 2]


def test_other_images_are_another_setting(subject: Subject) -> None:
    fewer = replace(subject, files=subject.files[:1])
    assert fewer.describe()["their content"] != subject.describe()["their content"]


def test_the_way_ends_in_probabilities(subject: Subject) -> None:
    case = CALLS["end_to_end"](subject, 3, {})
    case.prepare()
    probabilities: Any = case.call()
    assert probabilities.shape == (3, 7)
    assert torch.allclose(probabilities.sum(dim=1), torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize(("precision", "kind"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_a_backbone_computes_in_the_precision_that_is_measured(
    subject: Subject, precision: str, kind: torch.dtype
) -> None:
    maps: Any = CALLS["backbone"](replace(subject, precision=precision), 2, {}).call()
    assert maps["late"].dtype is kind
    assert not maps["late"].requires_grad


def test_a_multiply_add_is_two_operations() -> None:
    one, other = torch.zeros(3, 5), torch.zeros(5, 7)
    assert count_flops(lambda: one @ other) == 2 * 3 * 5 * 7


def test_what_is_compiled_is_compiled_for_one_shape_in_the_mode_asked_for(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []

    def compile_nothing(call: object, **options: object) -> object:
        asked.append(options)
        return call

    monkeypatch.setattr(torch, "compile", compile_nothing)
    CALLS["backbone"](subject, 2, {})
    assert asked == []
    CALLS["backbone"](replace(subject, compile_mode="reduce-overhead"), 2, {})
    assert asked == [{"mode": "reduce-overhead", "dynamic": False}]


def test_a_detector_works_on_the_device_that_is_measured(loaded: tuple[Recipe, Registry]) -> None:
    recipe, registry = load_for_bench("quickstart", SETTINGS, {**TINY, "detector": "mtcnn"}, 2, 64)
    detector = Subject.of(recipe, registry, QUICK).detector
    assert detector.cascade.runtime.device.type == "cpu"


def test_what_a_recipe_has_not_is_told(loaded: tuple[Recipe, Registry]) -> None:
    recipe, registry = load_for_bench("quickstart", [*SETTINGS, "augment=[]"], TINY, 2, 64)
    record = bench("a test", registry, [Variant(recipe, replace(QUICK, stages=["decode", "augment"]))])
    assert record.missing == [({"stage": "augment", "batch": 2}, "the recipe has no [[augment]]")]
    assert [one.case["stage"] for one in record.measurements] == ["decode"]


def test_steps_on_batches_are_measured_and_marked() -> None:
    steps = 'augment=[{name="HorizontalFlip"}, {name="cutout", holes=2}]'
    recipe, registry = load_for_bench("quickstart", [*SETTINGS, steps], TINY, 2, 64)
    record = bench("a test", registry, [Variant(recipe, replace(QUICK, stages=["augment"]))])
    assert record.missing == []
    assert [one.case["stage"] for one in record.measurements] == ["augment"]
    assert record.setting["augment"] == "HorizontalFlip; cutout(holes=2) (batched)"


def test_an_estimator_without_network_has_its_images_measured() -> None:
    overrides = ['plugins=["tests.plugins_for_tests.tiny_plugin"]', 'estimator={name="majority"}']
    recipe, registry = load_for_bench("quickstart", overrides, {}, 2, 64)
    with pytest.raises(RunError, match="the recipe's estimator has no network"):
        CALLS["backbone"](Subject.of(recipe, registry, QUICK), 1, {})


def test_own_images_are_found_below_a_folder(tmp_path: Path) -> None:
    for name in ("b/2.JPG", "a/1.png", "a/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find_images(tmp_path) == [tmp_path / "a" / "1.png", tmp_path / "b" / "2.JPG"]
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "all").symlink_to(tmp_path / "a")
    assert find_images(tmp_path / "linked") == [tmp_path / "linked" / "all" / "1.png"]
    with pytest.raises(DataError, match="does not exist"):
        find_images(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="there is no image"):
        find_images(tmp_path / "empty")


def test_few_images_fill_a_large_batch(loaded: tuple[Recipe, Registry], tmp_path: Path) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "one.png")
    subject = Subject.of(*loaded, replace(QUICK, images=tmp_path))
    assert len(subject.batch_files(5)) == 5
    assert subject.describe()["images"] == "1 of 40x30"


@pytest.mark.parametrize(("side", "shape"), [(0, (30, 40, 3)), (20, (15, 20, 3)), (80, (60, 80, 3))])
def test_images_are_brought_to_a_resolution(side: int, shape: tuple[int, ...]) -> None:
    assert bring_to(np.zeros((30, 40, 3), np.uint8), side).shape == shape
