"""Functions of eigenvalues: values against pyriemann and numpy, gradients against differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from ferkit_covpool.covariance import covariances, regularise
from ferkit_covpool.spectral import decompose, divided_differences, log_rectified, rectify
from pyriemann.geometry.base import logm
from pyriemann.geometry.distance import distance_logeuclid
from pyriemann.geometry.tangentspace import log_map_logeuclid
from torch import Tensor

from ferkit.errors import RunError

LOW, HIGH = 1e-4, 1e4
Spectral = Callable[[Tensor, float, float], Tensor]


def with_eigenvalues(*rows: tuple[float, ...]) -> Tensor:
    """(rows, N, N) float64 with these eigenvalues, turned at random."""
    generator = torch.Generator().manual_seed(0)
    size = len(rows[0])
    turned = torch.linalg.qr(torch.randn(len(rows), size, size, generator=generator, dtype=torch.float64)).Q
    return (turned * torch.tensor(rows, dtype=torch.float64).unsqueeze(1)) @ turned.mT


def positive(count: int, size: int) -> Tensor:
    values = torch.randn(
        count, size, 3 * size, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    return values @ values.mT / (3 * size)


REPEATED = {
    "all different": with_eigenvalues((0.5, 1.0, 2.0, 3.0)),
    "identity": torch.eye(4, dtype=torch.float64)[None],
    "scaled identity": 37 * torch.eye(4, dtype=torch.float64)[None],
    "two and two the same": with_eigenvalues((0.5, 0.5, 2.0, 2.0)),
    "almost the same": with_eigenvalues((1.0, 1.0 + 1e-9, 1.0 + 1e-12, 5.0)),
    "three of them raised": with_eigenvalues((1e-5, 2e-5, 2e-5, 1.0)),
    "all raised": torch.zeros(1, 4, 4, dtype=torch.float64),
    "one lowered": with_eigenvalues((0.5, 1.0, 2.0, 3e4)),
}


@pytest.mark.parametrize("matrices", REPEATED.values(), ids=REPEATED.keys())
@pytest.mark.parametrize("function", [rectify, log_rectified])
def test_the_gradient_is_right_where_eigenvalues_coincide(function: Spectral, matrices: Tensor) -> None:
    assert torch.autograd.gradcheck(
        lambda one: function(one, LOW, HIGH), (matrices.clone().requires_grad_(),), eps=1e-7, atol=1e-4
    )


def test_where_eigenvalues_differ_the_gradient_is_torch_s_own() -> None:
    matrices = positive(3, 5).requires_grad_()
    weights = torch.randn(3, 5, 5, dtype=torch.float64)
    (log_rectified(matrices, LOW, HIGH) * weights).sum().backward()
    ours, matrices.grad = matrices.grad, None
    values, vectors = torch.linalg.eigh((matrices + matrices.mT) / 2)
    ((vectors * values.log().unsqueeze(1)) @ vectors.mT * weights).sum().backward()
    torch.testing.assert_close(ours, matrices.grad)


def test_of_the_identity_the_logarithm_s_gradient_is_what_comes_in() -> None:
    matrix = torch.eye(6).requires_grad_()
    incoming = torch.randn(6, 6)
    log_rectified(matrix, LOW, HIGH).backward(incoming)
    torch.testing.assert_close(matrix.grad, (incoming + incoming.T) / 2)


@pytest.mark.parametrize("gap", [0.0, 1e-15, 1e-12, 1e-8, 1e-4, 1e-1])
def test_divided_differences_keep_their_digits_however_close_the_eigenvalues_are(gap: float) -> None:
    values = torch.tensor([2.0, 2.0 + gap], dtype=torch.float64)
    of_log = divided_differences(values, LOW, HIGH, is_logarithm=True)[0, 1].item()
    between = np.log1p(gap / 2) / gap if gap else 0.5
    assert of_log == pytest.approx(between, rel=1e-3 if gap == 1e-15 else 1e-12, abs=0)


def test_the_logarithm_is_pyriemann_s() -> None:
    matrices = positive(4, 6)
    ours = log_rectified(matrices, LOW, HIGH).numpy()
    np.testing.assert_allclose(ours, logm(matrices.numpy()), rtol=1e-10, atol=1e-12)
    identity = np.eye(6)
    np.testing.assert_allclose(ours, log_map_logeuclid(matrices.numpy(), identity), rtol=1e-10, atol=1e-12)


def test_distances_between_logarithms_are_pyriemann_s_log_euclidean_ones() -> None:
    matrices = positive(4, 6)
    logarithms = log_rectified(matrices, LOW, HIGH)
    ours = (logarithms[:2] - logarithms[2:]).norm(dim=(1, 2))
    theirs = distance_logeuclid(matrices[:2].numpy(), matrices[2:].numpy())
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-10)


def test_eigenvalues_outside_the_range_are_brought_to_its_ends() -> None:
    matrices = with_eigenvalues((1e-9, 1.0, 2.0, 1e9))
    values = torch.linalg.eigvalsh(rectify(matrices, LOW, HIGH))
    torch.testing.assert_close(values[0], torch.tensor([LOW, 1.0, 2.0, HIGH], dtype=torch.float64))
    logarithms = torch.linalg.eigvalsh(log_rectified(matrices, LOW, HIGH))
    torch.testing.assert_close(logarithms, values.log(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 5, 4, 3), (1, 7, 1, 2)])
def test_covariances_are_numpy_s(shape: tuple[int, ...]) -> None:
    maps = torch.randn(shape, dtype=torch.float64)
    expected = [np.cov(one.flatten(1).numpy()) for one in maps]
    np.testing.assert_allclose(covariances(maps).numpy(), np.stack(expected), rtol=1e-10, atol=1e-14)


def test_half_precision_maps_have_covariances_in_single_precision() -> None:
    maps = torch.randn(2, 4, 3, 3).bfloat16()
    assert covariances(maps).dtype == torch.float32
    torch.testing.assert_close(covariances(maps), covariances(maps.float()))


def test_fewer_places_than_channels_make_a_singular_covariance_that_regularising_mends() -> None:
    maps = torch.randn(1, 12, 2, 4, dtype=torch.float64)
    singular = covariances(maps)
    assert torch.linalg.matrix_rank(singular).item() == 7
    smallest = torch.linalg.eigvalsh(regularise(singular))[0, 0]
    torch.testing.assert_close(smallest, 1e-4 * singular[0].trace())


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_covariance_that_is_not_finite_is_refused(bad: float) -> None:
    matrices = torch.eye(3).repeat(2, 1, 1)
    matrices[1, 0, 2] = bad
    with pytest.raises(RunError, match=r"expected finite covariances, got infinite values or NaN.*Lower fit"):
        log_rectified(matrices, LOW, HIGH)


def fail_in(*types: torch.dtype) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    real = torch.linalg.eigh

    def eigh(matrices: Tensor) -> tuple[Tensor, Tensor]:
        if matrices.dtype in types:
            raise torch.linalg.LinAlgError("the algorithm failed to converge")
        return real(matrices)

    return eigh


def test_what_does_not_converge_in_single_precision_is_done_in_double(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    matrices = positive(2, 4).float()
    expected = torch.linalg.eigvalsh(matrices)
    monkeypatch.setattr(torch.linalg, "eigh", fail_in(torch.float32))
    values, vectors = decompose(matrices)
    assert values.dtype == vectors.dtype == torch.float32
    torch.testing.assert_close(values, expected)


def test_what_does_not_converge_at_all_is_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.linalg, "eigh", fail_in(torch.float32, torch.float64))
    with pytest.raises(RunError, match=r"cannot compute the eigenvalues of a 4 by 4 covariance.*Lower"):
        decompose(positive(2, 4).float())
