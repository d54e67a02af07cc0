from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmarks.roofline import Layer, main, measure_layers


def test_operations_and_bytes_of_a_convolution_are_counted_once_per_shape() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.Conv2d(8, 8, 1, bias=False)).eval()
    twice = nn.Sequential(network, nn.Conv2d(8, 8, 1, bias=False))
    with torch.no_grad():
        layers = measure_layers(twice, torch.zeros(2, 3, 10, 10), repeats=1)
    found = {layer.kind: layer for layer in layers}
    assert found["convolution 3x3"].flops == 2 * 2 * 8 * 64 * 3 * 9
    assert found["convolution 3x3"].moved == 4 * (2 * 3 * 100 + 8 * 3 * 9 + 2 * 8 * 64)
    assert (found["convolution 1x1"].times, found["convolution 3x3"].times) == (2, 1)


def test_the_bound_is_arithmetic_or_memory() -> None:
    layer = Layer("a", "b", times=1, flops=100, moved=10, seconds=1.0)
    assert layer.bound(peak=10, bandwidth=10) == 10
    assert layer.bound(peak=1000, bandwidth=10) == 1


def test_the_script_prints_a_row_per_operation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    backbone = '{name="timm", model="resnet10t", pretrained=false}'
    size = ["--image-size", "32", "--batch-size", "1", "--repeats", "1"]
    main(["--backbone", backbone, *size, "--out", str(tmp_path / "found.json")])
    record = json.loads((tmp_path / "found.json").read_text())
    assert sum("convolution" in one["kind"] for one in record["layers"]) > 3
    assert "of the peak" in capsys.readouterr().out
