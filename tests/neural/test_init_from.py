"""Whether a file's network can be started from, by its header alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.errors import RunError
from ferkit.neural.build import build_model
from ferkit.neural.checkpoint import save_network
from ferkit.neural.init_from import start_from, start_problems
from ferkit.neural.load import rebuild_network
from tests.predict.drawn import LABELS, PLUGIN, describe

NAME = "head.classify.weight"


def test_a_layers_size_is_judged_only_where_no_weights_that_may_decide_it_were_left_out(
    tmp_path: Path,
) -> None:
    network = build_model(describe().model, load_plugins([PLUGIN]), LABELS)
    tensors = network.state_dict()
    assert NAME in tensors
    file = tmp_path / "m.safetensors"
    save_network(file, tensors, LABELS)
    assert start_problems(network, file, LABELS) == []
    save_network(file, tensors | {NAME: torch.zeros(3, 1)}, LABELS)
    assert NAME in str(start_problems(network, file, LABELS)[0])
    assert NAME in str(start_problems(network, file, LABELS, bare=["backbone"])[0])
    (trunk, *_) = (name for name in tensors if name.startswith("backbone."))
    save_network(file, tensors | {trunk: torch.zeros(9), NAME: torch.zeros(3, 1)}, LABELS)
    assert start_problems(network, file, LABELS, bare=["backbone"]) == []
    assert start_problems(network, file, LABELS) != []
    save_network(file, {name: one for name, one in tensors.items() if name != NAME}, LABELS)
    assert "missing in the file" in str(start_problems(network, file, LABELS, bare=["backbone"])[0])


def test_the_backbone_alone_is_taken_whatever_the_labels_and_the_head(tmp_path: Path) -> None:
    registry, file = load_plugins([PLUGIN]), tmp_path / "m.safetensors"
    earlier = build_model(describe().model, registry, LABELS)
    save_network(file, earlier.state_dict(), LABELS)
    model = describe().model.model_copy(update={"initial": file, "initial_part": "backbone"})
    network = build_model(model, registry, ["left", "right"])
    torch.testing.assert_close(network.backbone.state_dict(), earlier.backbone.state_dict())
    assert network.state_dict()[NAME].shape[0] == 2
    assert start_problems(network, file, ["left", "right"], part="backbone") == []
    assert "was trained with the labels" in str(start_problems(network, file, ["left", "right"])[0])


def test_of_another_backbone_nothing_is_taken(tmp_path: Path) -> None:
    network = build_model(describe().model, load_plugins([PLUGIN]), LABELS)
    tensors = network.state_dict()
    (trunk, *_) = (name for name in tensors if name.startswith("backbone."))
    before, file = tensors[trunk].clone(), tmp_path / "m.safetensors"
    for others in (tensors | {trunk: torch.zeros(9)}, {n: t for n, t in tensors.items() if n != trunk}):
        save_network(file, others, LABELS)
        assert trunk in str(start_problems(network, file, LABELS, part="backbone")[0])
        with pytest.raises(RunError, match=f"does not match the recipe's network: .*{trunk}"):
            start_from(network, file, LABELS, "backbone")
    torch.testing.assert_close(network.state_dict()[trunk], before)


def test_a_class_prior_is_this_runs_and_not_the_files(tmp_path: Path) -> None:
    output = Part(name="logit_adjustment")
    model = describe().model.model_copy(update={"output": output})
    registry = load_plugins([PLUGIN])
    earlier = build_model(model, registry, LABELS, class_counts=[1, 9, 90])
    save_network(tmp_path / "m.safetensors", earlier.state_dict(), LABELS)
    again = model.model_copy(update={"initial": tmp_path / "m.safetensors"})
    network = build_model(again, registry, LABELS, class_counts=[90, 9, 1])
    expected = torch.tensor([0.9, 0.09, 0.01]).log()
    torch.testing.assert_close(network.output.state_dict()["adjustment"], expected)
    torch.testing.assert_close(network.state_dict()[NAME], earlier.state_dict()[NAME])


@pytest.mark.parametrize("kind", [torch.int8, torch.int64, torch.uint8, torch.bool, torch.complex64])
@pytest.mark.parametrize("part", [None, "head"])
def test_numbers_of_another_kind_are_no_weights(tmp_path: Path, kind: torch.dtype, part: str | None) -> None:
    registry, file = load_plugins([PLUGIN]), tmp_path / "m.safetensors"
    network = build_model(describe().model, registry, LABELS)
    tensors = network.state_dict()
    save_network(file, tensors | {NAME: torch.ones(tensors[NAME].shape, dtype=kind)}, LABELS)
    with pytest.raises(RunError, match=rf"m\.safetensors.*{NAME} holds {kind}, expected torch.float32"):
        rebuild_network(file, describe().model, registry, LABELS)
    with pytest.raises(RunError, match=rf"m\.safetensors.*{NAME} holds {kind}"):
        start_from(network, file, LABELS, part)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_another_precision_are_loaded(tmp_path: Path, kind: torch.dtype) -> None:
    registry, file = load_plugins([PLUGIN]), tmp_path / "m.safetensors"
    tensors = build_model(describe().model, registry, LABELS).state_dict()
    save_network(file, tensors | {NAME: tensors[NAME].to(kind)}, LABELS)
    found = rebuild_network(file, describe().model, registry, LABELS).state_dict()[NAME]
    torch.testing.assert_close(found, tensors[NAME].to(kind).float(), rtol=0, atol=0)
