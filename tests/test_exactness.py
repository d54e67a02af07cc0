"""What a GPU multiplies in float32 is not rounded to tf32, for as long as it matters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from ferkit.exactness import exact_float32


def is_rounded() -> tuple[bool, bool]:
    return torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32


def set_rounded(convolutions: bool, products: bool) -> None:
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = convolutions, products


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = is_rounded()
    yield
    set_rounded(*before)


@pytest.mark.parametrize("before", [(True, True), (True, False), (False, False)])
def test_rounding_is_off_within_and_as_it_was_afterwards(before: tuple[bool, bool]) -> None:
    set_rounded(*before)
    with exact_float32():
        assert is_rounded() == (False, False)
    assert is_rounded() == before
    with pytest.raises(ZeroDivisionError), exact_float32():
        print(1 / 0)
    assert is_rounded() == before
