"""The rows of each batch that a process computes. The training itself: tests/cli/test_launched.py."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ferkit.errors import RunError
from ferkit.neural.batches import FaceImages, make_loader
from ferkit.neural.options import Fit
from ferkit.neural.shard import Shard
from ferkit.neural.sync_batch_norm import SyncBatchNormOnCpu, synchronise
from tests.builders import LABELS, make_faces
from tests.neural.tiny import tiny_network


@pytest.mark.parametrize("total", [3, 4, 7, 16])
def test_the_shards_of_a_batch_are_its_rows_in_order(total: int) -> None:
    found = [list(range(total)[Shard(place, 3).rows(total)]) for place in range(3)]
    assert [row for rows in found for row in rows] == list(range(total))
    sizes = [len(rows) for rows in found]
    assert max(sizes) - min(sizes) <= 1


def test_a_batch_smaller_than_the_processes_is_computed_whole_and_counts_once() -> None:
    shard = Shard(1, 3)
    assert (shard.rows(2), shard.factor(2)) == (slice(0, 2), 1)
    assert shard.factor(3) == 3
    assert not Shard(0, 3, least=2).divides(5)


def test_the_loaders_of_all_shards_yield_the_batches_of_one_process() -> None:
    images = FaceImages(make_faces(), LABELS, 24, "facenet")
    whole, sampler = make_loader(images, 5, 0, seed=3)
    sampler.epoch = 2
    loaders = []
    for place in range(2):
        loader, sampler = make_loader(images, 5, 0, seed=3, shard=Shard(place, 2))
        sampler.epoch = 2
        loaders.append(loader)
    for one, *parts in zip(whole, *loaders, strict=True):
        assert torch.equal(one[0], torch.cat([pixels for pixels, _ in parts]))
        assert torch.equal(one[1], torch.cat([targets for _, targets in parts]))


def test_a_batch_size_below_the_number_of_processes_is_refused() -> None:
    with pytest.raises(RunError, match=r"fit\.batch_size is 2 for 3 processes"):
        Shard(0, 3).prepare(tiny_network(), Fit(batch_size=2), torch.device("cpu"))


def test_frozen_batch_norms_are_not_synchronised() -> None:
    for is_frozen in (False, True):
        network = tiny_network(is_frozen)
        names = list(network.state_dict())
        synchronise(network, torch.device("cpu"))
        kinds = {type(one) for one in network.modules() if isinstance(one, nn.modules.batchnorm._BatchNorm)}
        assert kinds == {nn.BatchNorm2d if is_frozen else SyncBatchNormOnCpu}
        assert list(network.state_dict()) == names


@pytest.mark.parametrize("momentum", [0.1, None])
def test_a_synchronised_batch_norm_computes_what_torch_does(
    monkeypatch: pytest.MonkeyPatch, momentum: float | None
) -> None:
    monkeypatch.setattr("ferkit.neural.sync_batch_norm.distributed.all_reduce", lambda tensor: None)
    torch.manual_seed(0)
    expected = nn.BatchNorm2d(3, momentum=momentum)
    nn.init.normal_(expected.weight)
    own = nn.BatchNorm2d(3, momentum=momentum)
    own.load_state_dict(expected.state_dict())
    parent = nn.Sequential(own)
    synchronise(parent, torch.device("cpu"))
    for mode in (True, True, False):
        images, again = (torch.randn(4, 3, 5, 5, requires_grad=True) for _ in range(2))
        again.data = images.data.clone()
        results = [expected.train(mode)(images), parent.train(mode)(again)]
        for one in results:
            one.square().sin().sum().backward()
        torch.testing.assert_close(results[1], results[0])
        torch.testing.assert_close(again.grad, images.grad, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(own.state_dict(), expected.state_dict())
