"""A value that a third-party component refuses is named with the component."""

from __future__ import annotations

import pytest
import torch

from ferkit.components.component import Component
from ferkit.recipe.dry_run_calls import _third_party


class Refusing(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        raise ValueError("x" * 1000)


@pytest.mark.parametrize(
    ("provider", "is_named"), [("somebody (some-dist 1.0)", True), ("ferkit_heads (ferkit 0.1.0)", False)]
)
def test_a_third_party_component_is_found_in_the_trace(provider: str, is_named: bool) -> None:
    head = Refusing()
    who = Component("head", "refusing", "somebody.head:Refusing", "", provider=provider)
    with pytest.raises(ValueError, match="xxx") as caught:
        head(torch.zeros(1))
    found = _third_party(caught.value, {"model.head": (head, who)})
    assert found == (("model.head", who) if is_named else None)
