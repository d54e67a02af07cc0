"""Try a transform with unusual options in a process with limits on time and memory."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

SECONDS = 5
"""Time on the processor for a few images, without imports."""
MEMORY = 2 << 30
"""Bytes of address space, in addition to what imports need."""
PATIENCE = 60
"""Seconds for everything. A transform may wait for a pipe."""
ATTEMPTS = 3
"""Number of calls. Options are often ranges."""
LARGEST_SIDE = 4096
"""Largest width and height of a result, in pixels."""
START = "import sys; sys.path[:] = sys.argv[1:]; from ferkit_augmentations.trial import answer; answer()"
"""With the same path as here. `-m` would search the working directory first."""
REDUCE = "Use values closer to the defaults."


def try_apart(made: type, side: int, options: Mapping[str, Any]) -> dict[str, str]:
    """Build and apply an augmentation in a child process. Return its problem, under the key "".

    Args:
        made: Class of the augmentation.
        side: Width and height of the images, in pixels.
        options: Its options, whose names are known.
    """
    asked = {"module": made.__module__, "name": made.__qualname__, "side": side, "options": options}
    asked["seconds"] = SECONDS
    command = [sys.executable, "-c", START, *sys.path]
    name = options["transform"]
    try:
        done = subprocess.run(
            command, input=json.dumps(asked, default=str), capture_output=True, text=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return {"": f"{name} did not finish within {PATIENCE} s. {REDUCE}"}
    if done.returncode < 0:
        need = f"more than {SECONDS} s or {MEMORY >> 30} GiB for an image of {side} by {side}"
        return {"": f"{name} needs {need}. {REDUCE}"}
    last = done.stdout.strip().splitlines()[-1:] or done.stderr.strip().splitlines()[-1:] or ["no message"]
    return {} if last == ["fits"] else {"": f"{name} failed with these options: {last[0]}"}


def answer() -> None:
    """Try the augmentation that standard input describes. Print "fits", or the problem in one line."""
    import cv2
    import numpy as np
    import torch

    asked = json.load(sys.stdin)
    made = getattr(importlib.import_module(asked["module"]), asked["name"])
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    side, options = asked["side"], asked["options"]
    options |= {"p": 1.0} if "p" in options else {}
    _limit(asked["seconds"])
    try:
        augmentation = made(side, **options)
        for seed in range(ATTEMPTS):
            if getattr(made, "is_batched", False):
                shape = augmentation(torch.zeros(1, 3, side, side), seed).shape[2:]
            else:
                shape = augmentation(np.zeros((side, side, 3), np.uint8), seed).shape[:2]
            if max(shape) > LARGEST_SIDE:
                got = f"{shape[1]} by {shape[0]}"
                raise ValueError(f"expected at most {LARGEST_SIDE} by {LARGEST_SIDE} pixels, got {got}")
    except MemoryError:
        print(f"it needs more than {MEMORY >> 30} GiB of memory. {REDUCE}")
    except Exception as error:
        print(" ".join(str(error).split()) or type(error).__name__)
    else:
        print("fits")


def _limit(seconds: int) -> None:
    """Limit time and memory of this process, where the system can."""
    try:
        import resource
    except ImportError:  # Windows has only the limit on the whole time
        return
    import psutil

    used = resource.getrusage(resource.RUSAGE_SELF)
    end = int(used.ru_utime + used.ru_stime) + 1 + seconds
    memory = psutil.Process().memory_info().vms + MEMORY
    for kind, limit in ((resource.RLIMIT_CPU, end), (resource.RLIMIT_AS, memory)):
        hard = resource.getrlimit(kind)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
