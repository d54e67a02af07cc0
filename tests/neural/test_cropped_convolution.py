"""Kernels that are cropped on small maps: the numbers stay the same."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import Tensor, nn

from ferkit.neural.cropped_convolution import Axis, CroppedConv2d, crop_axis
from ferkit.plugin import crop_kernels


def cropped(convolution: nn.Conv2d) -> nn.Conv2d:
    twin = copy.deepcopy(convolution)
    crop_kernels(twin)
    return twin


def step(convolution: nn.Conv2d, maps: Tensor) -> list[Tensor]:
    """The output, and the gradients of the map and of the parameters."""
    given = maps.clone().requires_grad_()
    output = convolution(given)
    slopes = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view_as(output)
    parameters = list(convolution.parameters())
    return [output, *torch.autograd.grad(output, [given, *parameters], slopes)]


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "expected"),
    [
        (1, 3, 2, 1, Axis(first=1, taps=1, before=0, after=0, stride=1)),
        (2, 3, 2, 1, Axis(first=1, taps=2, before=0, after=0, stride=1)),
        (2, 3, 1, 1, Axis(first=0, taps=3, before=1, after=1, stride=1)),
        (1, 7, 1, 3, Axis(first=3, taps=1, before=0, after=0, stride=1)),
        (1, 4, 2, 2, Axis(first=2, taps=1, before=0, after=0, stride=1)),
        (2, 2, 3, 1, Axis(first=1, taps=1, before=0, after=-1, stride=1)),
        (1, 1, 2, 0, Axis(first=0, taps=1, before=0, after=0, stride=1)),
        (4, 7, 2, 3, Axis(first=1, taps=6, before=2, after=2, stride=2)),
    ],
)
def test_an_axis_keeps_the_taps_that_meet_the_map(
    size: int, kernel: int, stride: int, padding: int, expected: Axis
) -> None:
    assert crop_axis(size, kernel, stride, padding, padding, 1) == expected


@pytest.mark.parametrize("size", [(1, 1), (1, 3), (2, 2), (3, 1), (4, 4)])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(
    ("kernel", "padding", "dilation"),
    [(1, 0, 1), (3, 1, 1), (2, 1, 1), (4, 2, 1), (7, 3, 1), (3, 2, 2), (2, 1, 2), ((1, 3), (0, 1), 1)],
)
@pytest.mark.parametrize("groups", [1, 2])
def test_outputs_and_gradients_are_those_of_the_whole_kernel(
    size: tuple[int, int], stride: int, kernel: int, padding: int, dilation: int, groups: int
) -> None:
    torch.manual_seed(0)
    whole = nn.Conv2d(4, 6, kernel, stride, padding, dilation, groups, dtype=torch.float64)
    maps = torch.randn(3, 4, *size, dtype=torch.float64)
    for found, expected in zip(step(cropped(whole), maps), step(whole, maps), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("kernel", [2, 3, 4])
def test_padding_same_is_cropped_too(kernel: int) -> None:
    whole = nn.Conv2d(2, 2, kernel, padding="same")
    maps = torch.randn(3, 2, 1, 2)
    for found, expected in zip(step(cropped(whole), maps), step(whole, maps), strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(3, 1, 1), (3, 2, 1), (7, 2, 3), (1, 2, 0), (3, 2, 0)]
)
def test_on_a_map_that_is_large_enough_nothing_changes_at_all(kernel: int, stride: int, padding: int) -> None:
    whole = nn.Conv2d(4, 6, kernel, stride, padding)
    maps = torch.randn(3, 4, 8, 8)
    assert all(map(torch.equal, step(cropped(whole), maps), step(whole, maps)))


def test_a_map_that_is_smaller_than_an_unpadded_kernel_is_still_an_error() -> None:
    with pytest.raises(RuntimeError, match=r"[Kk]ernel size"):
        cropped(nn.Conv2d(2, 2, 3))(torch.randn(1, 2, 2, 2))


def test_other_padding_modes_are_left_to_torch() -> None:
    whole = nn.Conv2d(2, 2, 3, padding=1, padding_mode="replicate")
    maps = torch.randn(1, 2, 1, 1)
    assert torch.equal(cropped(whole)(maps), whole(maps))


def test_parameters_states_and_copies_stay() -> None:
    network = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 4, 3, padding=1))
    before, parameters = network.state_dict(), list(network.parameters())
    crop_kernels(network)
    crop_kernels(network)
    assert all(one is other for one, other in zip(network.parameters(), parameters, strict=True))
    assert list(network.state_dict()) == list(before)
    assert "Conv2d(2, 3" in str(network)
    twin = pickle.loads(pickle.dumps(network))
    maps = torch.randn(2, 2, 1, 1)
    assert torch.equal(twin(maps), network(maps))
    assert type(twin[0]) is CroppedConv2d


def test_subclasses_are_left_as_they_are() -> None:
    class Own(nn.Conv2d):
        pass

    own = Own(2, 2, 3)
    crop_kernels(own)
    assert type(own) is Own


def test_an_exported_convolution_gives_the_same() -> None:
    network = cropped(nn.Conv2d(2, 3, 3, 2, 1)).eval()
    maps = torch.randn(2, 2, 1, 1)
    batches = {"input": {0: torch.export.Dim("batch")}}
    graph = torch.export.export(network, (maps,), dynamic_shapes=batches)
    torch.testing.assert_close(graph.module()(torch.cat([maps, maps])), network(torch.cat([maps, maps])))
