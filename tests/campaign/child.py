"""Many trials in a forked process, which may crash or hang without harm to the others."""

from __future__ import annotations

import json
import random
import resource
import traceback
from collections.abc import Callable
from pathlib import Path

import torch

from ferkit.errors import FerkitError
from tests.campaign.campaign import Campaign
from tests.campaign.commands import start_process

PATIENCE = 60.0
"""Seconds that one trial may take, on a busy machine."""
ROOM = 8 << 30
"""Bytes of address space: what asks for more gets an error, not the machine."""
Attempt = Callable[[random.Random, Path], None]
"""Draws an input, and gives it to a reader: a function of a module of tests. FerkitError is an answer."""


def try_in_child(campaign: Campaign, count: int, attempt: Attempt, folder: Path) -> None:
    """Make count trials, each with random numbers of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    log, number, end = folder / "trials.jsonl", 0, len(campaign.scaled(count))
    while number < end:
        log.write_text("")
        process = start_process(_work, attempt, folder, campaign.seed, number, end)
        is_hanging = False
        while process.is_alive() and not is_hanging:
            before = log.stat().st_size
            process.join(PATIENCE)
            is_hanging = process.is_alive() and log.stat().st_size == before
        process.kill()
        process.join()
        outcomes = [json.loads(line) for line in log.read_text().splitlines()]
        for fault in outcomes:
            campaign.tried += 1
            if fault:
                campaign.add_fault(f"{attempt.__name__} {number} of seed {campaign.seed}", fault)
            number += 1
        if number < end:
            campaign.tried += 1
            reason = f"no answer in {PATIENCE:g} s" if is_hanging else f"exit status {process.exitcode}"
            campaign.add_fault(f"{attempt.__name__} {number} of seed {campaign.seed}", reason)
            number += 1


def _work(attempt: Attempt, folder: Path, seed: int, first: int, end: int) -> None:
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))
    with (folder / "trials.jsonl").open("a", buffering=1) as log:
        for number in range(first, end):
            fault = ""
            try:
                attempt(random.Random(f"{attempt.__name__} {seed} {number}"), folder)
            except FerkitError:
                pass
            except BaseException:
                fault = traceback.format_exc()
            log.write(json.dumps(fault) + "\n")
