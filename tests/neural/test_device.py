"""The precision that "auto" selects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from ferkit.neural.device import ONEDNN_LIMITS, choose_precision
from ferkit.neural.options import Fit

INTEL, AMD = "GenuineIntel", "AuthenticAMD"


@pytest.fixture(autouse=True)
def no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ONEDNN_LIMITS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Return a function that pretends a processor of a maker with these instructions."""

    def pretend(maker: str, *instructions: str) -> None:
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nvendor_id\t: {maker}\nmodel name\t: X\n")
        monkeypatch.setattr("ferkit.runtime.processor.CPUINFO", tmp_path / "cpuinfo")
        capabilities = dict.fromkeys(instructions, True)
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)

    return pretend


@pytest.mark.parametrize("variable", ONEDNN_LIMITS)
@pytest.mark.parametrize(
    ("limit", "amd", "intel"),
    [
        ("", "bfloat16", "bfloat16"),
        ("DEFAULT", "bfloat16", "bfloat16"),
        ("AVX512_CORE_AMX", "bfloat16", "bfloat16"),
        ("AVX512_CORE_BF16", "bfloat16", "float32"),
        ("AVX2", "float32", "float32"),
        ("avx512_core", "float32", "float32"),
    ],
)
def test_a_limit_of_onednn_without_fast_bfloat16_is_respected(
    monkeypatch: pytest.MonkeyPatch,
    processor: Callable[..., None],
    variable: str,
    limit: str,
    amd: str,
    intel: str,
) -> None:
    monkeypatch.setenv(variable, limit)
    for maker, precision in ((AMD, amd), (INTEL, intel)):
        processor(maker, "avx512_bf16", "amx_bf16")
        assert choose_precision(Fit(device="cpu")) == precision
        assert choose_precision(Fit(device="cpu", precision="bfloat16")) == "bfloat16"


@pytest.mark.parametrize(
    ("maker", "instructions", "precision"),
    [
        (INTEL, ["avx512_bf16", "amx_bf16"], "bfloat16"),
        (INTEL, ["avx512_bf16"], "float32"),
        (AMD, ["avx512_bf16"], "bfloat16"),
        ("", ["bf16"], "bfloat16"),
        (AMD, [], "float32"),
    ],
)
def test_bfloat16_needs_fast_instructions_for_it(
    processor: Callable[..., None], maker: str, instructions: Sequence[str], precision: str
) -> None:
    processor(maker, *instructions)
    assert choose_precision(Fit(device="cpu")) == precision
