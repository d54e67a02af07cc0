"""Commands that torchrun or accelerate launch started in several processes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence

from ferkit.errors import FerkitError, RunError
from ferkit.runtime import processes

COMMANDS = ("run", "finetune")
OWN_PROCESSES = ("--jobs", "-j", "--on")
"""Options that start processes, each with a training of its own."""
GRACE = 5
"""Seconds for the main process to report an error first."""


def call_in_processes(command: Callable[[], int]) -> int:
    """Call a command in the main process, while the others compute their rows of each batch.

    Returns:
        The exit status.

    Raises:
        RunError: The command trains nothing, or another process has ended.
    """
    if problem := _find_problem(sys.argv[1:]):
        if os.environ["RANK"] != "0":
            time.sleep(GRACE)
            return 1
        raise RunError(f"{problem} Start it without torchrun or accelerate launch.")
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # warnings of torch's C++ code, in each process
    if processes.join_processes().index:
        return _follow()
    try:
        status = command()
    except RuntimeError as error:
        if isinstance(error, FerkitError) or not processes.is_connection_error(error):
            raise
        raise RunError(
            "Cannot continue: another process of this training has ended. Its error is above, or in the "
            "output of its machine. Start the same command again with --resume."
        ) from error
    if not status:  # otherwise, the others may wait for a batch, and end when this process does
        processes.share(None)
        processes.leave_processes()
    return status


def _find_problem(words: Sequence[str]) -> str:
    name = next((word for word in words if not word.startswith("-")), "")
    if name not in COMMANDS:
        command = f"ferkit {name}".strip()
        return (
            f"Cannot start `{command}` in several processes: only {' and '.join(COMMANDS)} train a network."
        )
    given = [word[:2] if word[:1] == "-" != word[1:2] else word.split("=")[0] for word in words]
    own = next((option for option in OWN_PROCESSES if option in given), "")
    return f"Cannot use {own} in several processes: it starts processes itself." if own else ""


def _follow() -> int:
    from ferkit.experiment.other_process import follow

    try:
        follow()
    except Exception as error:
        if processes.is_connection_error(error):
            return 1  # the main process has ended, and reports the reason
        time.sleep(GRACE)
        place = f"process {processes.joined().index}"
        if isinstance(error, FerkitError):
            print(f"{place}: {error}", file=sys.stderr)
            return 1
        print(f"{place}:", file=sys.stderr)
        raise
    processes.leave_processes()
    return 0
