"""Whether a file's network can be started from, by its header alone."""

from __future__ import annotations

from pathlib import Path

import torch

from ferkit.discovery import load_plugins
from ferkit.neural.building import build_model
from ferkit.neural.checkpoint import save_network
from ferkit.neural.starting import start_faults
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
    assert start_faults(network, file, LABELS) == []
    save_network(file, tensors | {NAME: torch.zeros(3, 1)}, LABELS)
    assert NAME in str(start_faults(network, file, LABELS)[0])
    assert start_faults(network, file, LABELS, is_bare=True) == []
    save_network(file, {name: one for name, one in tensors.items() if name != NAME}, LABELS)
    assert "not there in the file" in str(start_faults(network, file, LABELS, is_bare=True)[0])
