"""The precision that "auto" selects."""

from __future__ import annotations

import pytest
import torch

from ferkit.neural.device import ONEDNN_LIMITS, choose_precision
from ferkit.neural.options import Fit


@pytest.fixture(autouse=True)
def no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ONEDNN_LIMITS:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("variable", ONEDNN_LIMITS)
@pytest.mark.parametrize(
    ("limit", "precision"),
    [
        ("", "bfloat16"),
        ("DEFAULT", "bfloat16"),
        ("AVX512_CORE_BF16", "bfloat16"),
        ("AVX512_CORE_AMX", "bfloat16"),
        ("AVX2", "float32"),
        ("avx512_core", "float32"),
    ],
)
def test_a_limit_of_onednn_without_bfloat16_is_respected(
    monkeypatch: pytest.MonkeyPatch, variable: str, limit: str, precision: str
) -> None:
    monkeypatch.setenv(variable, limit)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True}, raising=False)
    assert choose_precision(Fit(device="cpu")) == precision
    assert choose_precision(Fit(device="cpu", precision="bfloat16")) == "bfloat16"


@pytest.mark.parametrize(("capabilities", "precision"), [({"amx_bf16": True}, "bfloat16"), ({}, "float32")])
def test_bfloat16_needs_instructions_for_it(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], precision: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert choose_precision(Fit(device="cpu")) == precision
