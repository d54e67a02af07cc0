"""Try an augmentation with unusual options in a process with limits on time and memory."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from ferkit.errors import Problem

SECONDS = 5
"""Time on the processor for a few images, without imports."""
MEMORY = 2 << 30
"""Bytes of address space, in addition to what imports need."""
PATIENCE = 60
"""Seconds for everything. A transform may wait for a pipe."""
ATTEMPTS = 3
"""Number of calls. Options are often ranges."""
START = "import sys; sys.path[:] = sys.argv[1:]; from ferkit.neural.augment_trial import answer; answer()"
"""With the same path as here. `-m` would search the working directory first."""
REDUCE = "Use values closer to the defaults."


def try_apart(table: Mapping[str, Any], where: str, side: int) -> list[Problem]:
    """Try a transform in a child process, and return its problem.

    Args:
        table: Name and options. Both are known to albumentations.
        where: Key of the transform in the recipe.
        side: Width and height of the image, in pixels.
    """
    asked = json.dumps({"table": table, "where": where, "side": side}, default=str)
    command = [sys.executable, "-c", START, *sys.path]
    need = (
        f"{table['name']} needs more than {SECONDS} s or {MEMORY >> 30} GiB for an image of {side} by {side}"
    )
    try:
        done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return [Problem(where, f"{table['name']} did not finish within {PATIENCE} s", REDUCE)]
    if done.returncode < 0:
        return [Problem(where, need, REDUCE)]
    try:
        return [Problem(**one) for one in json.loads(done.stdout)]
    except ValueError:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        return [Problem(where, f"{table['name']} could not be tried: {last[0]}")]


def answer() -> None:
    """Try the transform that standard input describes, and print its problems as JSON."""
    import cv2

    from ferkit.neural.augment import try_transform

    asked = json.load(sys.stdin)
    cv2.setNumThreads(1)
    _limit()
    problems: list[Problem] = []
    for _ in range(ATTEMPTS):
        problems = problems or try_transform(**asked)
    json.dump([dataclasses.asdict(one) for one in problems], sys.stdout)


def _limit() -> None:
    """Limit time and memory of this process, where the system can."""
    try:
        import resource
    except ImportError:  # Windows has only the limit on the whole time
        return
    import psutil

    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + SECONDS
    memory = psutil.Process().memory_info().vms + MEMORY
    for kind, limit in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, memory)):
        hard = resource.getrlimit(kind)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
