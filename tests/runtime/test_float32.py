"""What a GPU multiplies in float32 is not rounded to tf32, for as long as it matters."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGIN = """
import torch
from ferkit.runtime.float32 import exact_float32

torch.cuda.is_initialized = lambda: {has_gpu}
backends = torch.backends


def seen():
    return backends.cudnn.conv.fp32_precision == "tf32", backends.cuda.matmul.fp32_precision == "tf32"


{setting}
before = seen()
"""
SETTINGS = {
    "as torch comes": "pass",
    "high": 'torch.set_float32_matmul_precision("high")',
    "medium": 'torch.set_float32_matmul_precision("medium")',
    "off": "backends.cudnn.allow_tf32 = False",
    "the newer interface": 'backends.fp32_precision = "tf32"',
}


def run(setting: str, body: str, has_gpu: bool = True) -> str:
    """In a process of its own: the settings are a process's, and some can't be taken back."""
    program = BEGIN.format(setting=SETTINGS[setting], has_gpu=has_gpu) + body
    return subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.parametrize("setting", SETTINGS)
def test_rounding_is_off_within_and_as_it_was_afterwards(setting: str) -> None:
    body = """
with exact_float32():
    assert seen() == (False, False), seen()
    with exact_float32():
        pass
    assert seen() == (False, False), seen()
try:
    with exact_float32():
        raise ZeroDivisionError
except ZeroDivisionError:
    pass
print(seen() == before)
"""
    assert run(setting, body) == "True"


@pytest.mark.parametrize("precision", ["high", "medium"])
def test_what_was_chosen_for_products_can_still_be_read(precision: str) -> None:
    body = "\nwith exact_float32():\n    pass\nprint(torch.get_float32_matmul_precision())"
    assert run(precision, body) == precision


def test_the_last_of_several_threads_turns_it_back() -> None:
    body = """
first, second = exact_float32(), exact_float32()
first.__enter__()
second.__enter__()
first.__exit__(None, None, None)
inside = seen()
second.__exit__(None, None, None)
print(inside, seen() == before)
"""
    assert run("as torch comes", body) == "(False, False) True"


def test_without_a_gpu_nothing_is_touched() -> None:
    body = "\nwith exact_float32():\n    print(seen() == before and before[0])"
    assert run("as torch comes", body, has_gpu=False) == "True"
