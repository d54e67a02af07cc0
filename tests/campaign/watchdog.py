"""Predict files in a process that may crash or hang, and find the file that made it do so."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from tests.campaign.campaign import ROOT

PATIENCE = 30.0
"""Seconds without any answer after which a process hangs. A small file takes milliseconds."""
START = 180.0
"""Seconds for the imports."""
MOST_PIXELS = "4000000"
AHEAD = 24
"""Files beyond the last answer that a process may have opened already."""


Answers = dict[str, list[list[str]]]


def predict_all(model: Path, files: Sequence[Path]) -> tuple[Answers, list[tuple[str, str]]]:
    """Return the answers of each file by name, and (file, reason) of each crash, hang or missing answer."""
    answers: Answers = defaultdict(list)
    ends: list[tuple[str, str]] = []
    left = [str(file) for file in files]
    while left:
        reason = _predict(model, left, answers)
        left = [one for one in left if one not in answers]
        if not reason and not left:
            break
        if not reason:  # the process ended well, and said nothing of these
            return answers, [*ends, *((one, "no answer") for one in left)]
        last = max((number for number, one in enumerate(map(str, files)) if one in answers), default=-1)
        tried = [*map(str, files[last : last + 1]), *left[:AHEAD]]
        found = [(one, why) for one in tried if (why := _predict(model, [one], answers))]
        ends += found or [(f"one of {tried}", reason)]
        left = [one for one in left if one not in tried]
    return answers, ends


def _predict(model: Path, files: Sequence[str], answers: Answers) -> str:
    """Collect answers from one process. Return why it did not end well, or ""."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.campaign.stream_worker", str(model)],
            cwd=ROOT,
            env={**os.environ, "FERKIT_MAX_PIXELS": MOST_PIXELS, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
        )
        with process:
            assert process.stdin
            process.stdin.write(json.dumps(list(files)).encode() + b"\n")
            process.stdin.flush()
            is_hanging = _collect(process, answers)
            if is_hanging:
                process.kill()
        said.seek(0)
        told = said.read().decode(errors="replace")
    if is_hanging:
        return f"no answer in {PATIENCE:g} s"
    return f"exit status {process.returncode}\n{told}" if process.returncode else ""


def _collect(process: subprocess.Popen[bytes], answers: Answers) -> bool:
    """Read answers until the process ends. Return whether it hangs."""
    assert process.stdout
    rest, patience = b"", START
    while select.select([process.stdout], [], [], patience)[0]:
        read = os.read(process.stdout.fileno(), 1 << 16)
        if not read:
            return False
        *lines, rest = (rest + read).split(b"\n")
        for line in lines:
            patience = PATIENCE
            if isinstance(answer := json.loads(line), list):
                answers[answer[0]].append(answer[1:])
    return True
