"""Find the line of a plugin that raised an exception, or that called the library which raised it."""

from __future__ import annotations

import traceback
from pathlib import Path

LONGEST = 1000
"""Characters of a plugin's message that are shown."""


def say(error: BaseException) -> str:
    """Return the message of an exception of a plugin, cut if it is long; "" if it can't be formatted."""
    try:
        text = str(error)
    except Exception:
        return ""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def describe(error: BaseException, module: str) -> str:
    """Describe an exception, such as "RuntimeError: a and b must have the same size (head.py:53)".

    Args:
        error: The exception.
        module: Module of the plugin, or the target of a component.
    """
    _, line = _deepest(error, module)
    said = f"{type(error).__name__}: {say(error)}".rstrip(". :")
    return f"{said} ({line})" if line else said


def describe_call(error: BaseException, module: str) -> str:
    """Return the place, such as " in pool (head.py:53)", or "" if no line of the plugin was reached."""
    function, line = _deepest(error, module)
    return f" in {function} ({line})" if line else ""


def is_interrupt(error: BaseException) -> bool:
    """Return whether the user pressed Ctrl-C; a plugin's own `raise KeyboardInterrupt` is an error."""
    frames = traceback.extract_tb(error.__traceback__)
    is_raised = bool(frames) and (frames[-1].line or "").startswith("raise")
    return isinstance(error, KeyboardInterrupt) and not is_raised


def _deepest(error: BaseException, module: str) -> tuple[str, str]:
    """Return (function, "head.py:53") of the deepest call in the package of a module."""
    package = module.partition(":")[0].partition(".")[0]
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] == package:
            return frame.f_code.co_name, f"{Path(frame.f_code.co_filename).name}:{line}"
    return "", ""
