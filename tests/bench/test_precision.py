"""Devices and number formats: what is there, what is imitated, what is refused."""

from __future__ import annotations

import pytest
import torch

from ferkit.bench.precision import autocast, check_precision, set_float32
from ferkit.errors import RunError
from ferkit.neural.device import choose_device

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


def test_a_cpu_has_no_tf32() -> None:
    with pytest.raises(RunError, match=r"a CPU has no tf32.* Use float32 or bfloat16"):
        check_precision("tf32", CPU)


@pytest.mark.parametrize(
    ("capabilities", "warnings"),
    [
        ({"avx512_bf16": True}, []),
        ({"bf16": True}, []),
        ({"avx512_fp16": True}, ["This CPU has no instructions for bfloat16. It computes in float32"]),
    ],
)
def test_a_format_without_instructions_is_told(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], warnings: list[str]
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    told = check_precision("bfloat16", CPU)
    assert [one.partition(" and")[0] for one in told] == warnings
    assert check_precision("float32", CPU) == []


@pytest.mark.parametrize(("precision", "is_there"), [("tf32", False), ("bfloat16", False), ("float16", True)])
def test_an_older_gpu_has_float16_alone(
    monkeypatch: pytest.MonkeyPatch, precision: str, is_there: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Tesla T4")
    if is_there:
        assert check_precision(precision, GPU) == []
    else:
        with pytest.raises(RunError, match=f"Tesla T4 has no {precision}"):
            check_precision(precision, GPU)


@pytest.mark.parametrize(
    ("precision", "kind"), [("float32", None), ("tf32", None), ("bfloat16", torch.bfloat16)]
)
def test_only_sixteen_bits_need_autocast(precision: str, kind: torch.dtype | None) -> None:
    with autocast(precision, CPU):
        product = torch.mm(torch.ones(2, 2), torch.ones(2, 2))
    assert product.dtype is (kind or torch.float32)


def test_tf32_is_allowed_where_it_is_measured_and_nowhere_else() -> None:
    for precision, is_allowed in (("tf32", True), ("float32", False)):
        set_float32(precision)
        assert torch.backends.cudnn.allow_tf32 is is_allowed
        assert (torch.get_float32_matmul_precision() == "high") is is_allowed


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cpu:0"])
def test_a_device_of_no_known_name_is_refused(name: str) -> None:
    with pytest.raises(RunError, match="device: expected auto, cpu, cuda or cuda:0"):
        choose_device(name)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_device("cuda:0") == choose_device("cuda") == GPU
    with pytest.raises(RunError, match="torch sees 1 GPUs here"):
        choose_device("cuda:1")


@pytest.mark.parametrize(("is_there", "device"), [(True, GPU), (False, CPU)])
def test_auto_is_the_gpu_if_there_is_one(
    monkeypatch: pytest.MonkeyPatch, is_there: bool, device: torch.device
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: is_there)
    assert choose_device("auto") == device
