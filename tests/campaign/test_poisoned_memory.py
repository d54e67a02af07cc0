"""Shipped components train a step in poisoned memory: finite, and the same as without poison."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import pytest

from tests.campaign.campaign import ROOT
from tests.campaign.conftest import Start
from tests.campaign.poison import FORGETS

POISON = "128"
"""glibc fills new memory with the complement, 0x7f: 3.4e38 in float32 and bfloat16."""


def train_all(seed: int, **variables: str) -> dict[str, tuple[str, list[str]]]:
    """Case -> the hash of its results, and what is not finite."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaign.poison", str(seed)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {name: (digest, odd) for name, digest, odd in lines}


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="MALLOC_PERTURB_ is glibc's")
def test_poisoned_memory_changes_nothing(start: Start) -> None:
    campaign = start("training steps in poisoned memory")
    plain, poisoned = train_all(campaign.seed), train_all(campaign.seed, MALLOC_PERTURB_=POISON)
    assert plain.pop(FORGETS) != poisoned.pop(FORGETS), "the poison does nothing"
    assert plain.keys() == poisoned.keys()
    for name, (digest, odd) in poisoned.items():
        with campaign.trial(name):
            assert odd == []
            assert digest == plain[name][0]
    campaign.check()
