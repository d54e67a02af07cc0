"""Sessions of onnxruntime: their device, and errors that say what to do."""

from __future__ import annotations

import os
import re
from pathlib import Path
from threading import Thread
from typing import Any

from ferkit.errors import RunError
from ferkit.runtime.onnx_external import check_onnx

FATAL = 4
Key = tuple[Path, str, int]
"""Arguments of `open_session`."""
_early: dict[Key, _Session] = {}


def open_early(file: Path, device: str, threads: int = 0) -> None:
    """Start to open a file for the next `open_session` with these arguments."""
    _early[file, device, threads] = open_session(file, device, threads)


def open_session(file: Path, device: str, threads: int = 0) -> Any:
    """Open a file as an `onnxruntime.InferenceSession`. It can be pickled, and several threads may call it.

    A thread opens it meanwhile. Its first use waits until it is open, and raises RunError if
    onnxruntime cannot run the file.

    Args:
        file: An ONNX model. Its external data, if any, must be in its folder.
        device: "auto", "cpu", "cuda" or "cuda:0"; "auto" is the GPU if onnxruntime has one.
        threads: Threads of one call on a CPU; 0 for `OMP_NUM_THREADS`, as torch, or one per core without it.

    Raises:
        RunError: onnxruntime or the device is missing, or the file is no ONNX file.
    """
    if opened := _early.pop((file, device, threads), None):
        return opened
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", device):
        raise RunError(f"device: expected auto, cpu, cuda or cuda:0, got {device!r}")
    try:
        import onnxruntime
    except ImportError as error:
        raise RunError(
            f"{file}: an ONNX file is run by onnxruntime, which is not installed: pip install onnxruntime"
        ) from error
    has_gpu = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if device.startswith("cuda") and not has_gpu:
        raise RunError(
            f"device is {device!r}, but this onnxruntime computes on the CPU only. Take cpu, or install "
            "onnxruntime-gpu."
        )
    check_onnx(file)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = FATAL  # the log holds names of the file, unescaped; errors are raised
    asked = os.environ.get("OMP_NUM_THREADS", "")
    options.intra_op_num_threads = threads or (int(asked) if asked.isdecimal() else 0)
    return _Session(_Opening(file, options, choose_providers(device, has_gpu)), (file, device, threads))


class _Opening(Thread):
    """A thread that opens a session. onnxruntime lets other threads of Python run meanwhile."""

    def __init__(self, file: Path, options: Any, providers: list[Any]) -> None:
        super().__init__(name=f"open {file.name}")
        self.file = file
        self._options = options
        self._providers = providers
        self._session: Any = None
        self._error: Exception | None = None
        self.start()

    def run(self) -> None:
        from onnxruntime import InferenceSession

        try:
            self._session = InferenceSession(str(self.file), self._options, self._providers)
        except Exception as error:
            self._error = error

    def wait(self) -> Any:
        """Return the session. Raises RunError if onnxruntime cannot run the file."""
        self.join()
        if self._error:
            line = _first_line(self._error)
            raise RunError(f"{self.file} is no ONNX file that onnxruntime can run: {line}") from self._error
        return self._session


class _Session:
    """A session of onnxruntime that can be pickled: it is opened again."""

    def __init__(self, opening: _Opening, opened_with: Key) -> None:
        self._opening = opening
        self._opened_with = opened_with

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opening.wait(), name)

    def __reduce__(self) -> tuple[Any, Key]:
        return open_session, self._opened_with


def choose_providers(device: str, has_gpu: bool) -> list[str | tuple[str, dict[str, int]]]:
    """List execution providers for onnxruntime, the fastest first.

    device: "auto", "cpu", "cuda" or "cuda:0". A GPU does not round to tf32: see `exact_float32`.
    """
    if not has_gpu or device == "cpu":
        return ["CPUExecutionProvider"]
    number = int(device.partition(":")[2] or 0)
    return [("CUDAExecutionProvider", {"device_id": number, "use_tf32": 0}), "CPUExecutionProvider"]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
