"""A process that answers requests."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from typing import Any

from ferkit.errors import RunError


class Worker:
    """A context with a process that prints {"ready": ...}, then a JSON object for each line that it reads."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = command

    def __enter__(self) -> Worker:
        """Start the process. Raises RunError if it fails."""
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}  # TensorFlow logs much that is no error
        try:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.log,
                text=True,
                env=quiet,
            )
        except OSError as error:
            self.log.close()
            raise RunError(
                f"Cannot start {self.command[0]}: {error.strerror}. Install it: --install"
            ) from error
        try:
            self.ready = str(self._read().get("ready", ""))
        except RunError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *details: object) -> None:
        self.process.kill()
        self.process.communicate()
        self.log.close()

    def ask(self) -> dict[str, Any]:
        """Request and return one answer. Raises RunError if the process has ended."""
        assert self.process.stdin
        try:
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
        except OSError as error:
            raise self._ended() from error
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise self._ended()
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise RunError(f"Expected a JSON object from the process, got {line.strip()[:80]!r}")
        return answer

    def _ended(self) -> RunError:
        status = self.process.wait()
        self.log.seek(0)
        lines = self.log.read().strip().splitlines()
        return RunError(f"The process ended with {status}: {lines[-1].strip() if lines else 'no output'}")
