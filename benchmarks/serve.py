"""Load `ferkit serve` with concurrent clients, and compare its throughput with `ferkit predict`.

The images are crops of scikit-image's astronaut as JPEG files. The server and a process that
predicts the same files take turns. Requests that fail, the time of a request, and the server's memory are
reported. The first turn warms up and does not count.

    python -m benchmarks.serve --requests 2000 --clients 32
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory

import numpy as np
import psutil
from PIL import Image
from skimage.data import astronaut

from benchmarks.script import describe_options

DIFFERENT = 40
HEADERS = {"Content-Type": "image/jpeg"}
PREDICT = """
import sys, time
from ferkit.predict.predictor import Predictor
predictor = Predictor("default", device="cpu")
for line in sys.stdin:
    files = line.split()
    began = time.perf_counter()
    count = sum(1 for _ in predictor.stream(files))
    print(count, time.perf_counter() - began, flush=True)
"""
"""Predicts the files of each line of standard input, and prints their number and the seconds."""


def write_images(folder: Path, width: int) -> list[Path]:
    """Write crops of a portrait, width × 4/5 width pixels."""
    portrait = Image.fromarray(astronaut())  # type: ignore[no-untyped-call]
    files = []
    for number in range(DIFFERENT):
        left, top = number % 8 * 8, number // 8 * 8
        image = portrait.crop((left, top, left + 450, top + 360)).resize((width, width * 4 // 5))
        files.append(folder / f"{number}.jpg")
        image.save(files[-1], quality=90)
    return files


@contextmanager
def running_server() -> Iterator[tuple[psutil.Process, tuple[str, int]]]:
    """Start `ferkit serve` on a free port. Yields its process and address."""
    command = [sys.executable, "-m", "ferkit", "serve", "--port", "0", "--device", "cpu"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        process.stderr.readline()
        host, _, port = process.stderr.readline().strip().rpartition("/")[2].partition(":")
        try:
            yield psutil.Process(process.pid), (host, int(port))
        finally:
            process.terminate()


def request(
    address: tuple[str, int], bodies: Sequence[bytes], clients: int
) -> tuple[list[float], int, float]:
    """Send each body once. Returns the seconds of each answer, the number of failures, and all seconds."""
    waiting: SimpleQueue[bytes] = SimpleQueue()
    for body in bodies:
        waiting.put(body)
    times: list[float] = []
    failures: list[str] = []

    def work() -> None:
        connection = HTTPConnection(*address, timeout=120)
        while True:
            try:
                body = waiting.get_nowait()
            except Empty:
                connection.close()
                return
            began = time.perf_counter()
            connection.request("POST", "/predict", body, HEADERS)
            answer = connection.getresponse()
            text = answer.read()
            times.append(time.perf_counter() - began)
            if answer.status != 200 or not json.loads(text)["rows"]:
                failures.append(f"{answer.status} {text[:200]!r}")

    began = time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, len(failures) + len(bodies) - len(times), time.perf_counter() - began


@contextmanager
def running_predict() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PREDICT]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def predict(process: subprocess.Popen[str], files: Sequence[Path]) -> float:
    """Predict files. Returns the seconds."""
    assert process.stdin
    assert process.stdout
    print(*files, file=process.stdin, flush=True)
    count, seconds = process.stdout.readline().split()
    assert int(count) == len(files)
    return float(seconds)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the turns and print the figures."""
    parser = describe_options(__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--width", type=int, default=720)
    options = parser.parse_args(arguments)
    each = max(options.requests // options.turns, 1)
    times: list[float] = []
    ratios: list[float] = []
    memory: list[int] = []
    lost = 0
    with TemporaryDirectory() as folder, running_server() as (server, address), running_predict() as process:
        files = list(itertools.islice(itertools.cycle(write_images(Path(folder), options.width)), each))
        bodies = [file.read_bytes() for file in files]
        for turn in range(options.turns + 1):
            found, failed, served = request(address, bodies, options.clients)
            predicted = predict(process, files)
            memory.append(server.memory_info().rss)
            lost += failed
            print(f"turn {turn}: serve {each / served:.1f}/s, predict {each / predicted:.1f}/s", flush=True)
            if turn:
                times += found
                ratios.append(predicted / served)
    print(f"requests: {len(times)}, {options.clients} clients, lost: {lost}")
    print(f"time of a request: median {np.median(times):.3f} s, p95 {np.percentile(times, 95):.3f} s")
    print(f"throughput, serve / predict: {np.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]")
    print(f"memory of the server: {memory[1] / 1e6:.0f} MB, {memory[-1] / 1e6:.0f} MB at the end")


if __name__ == "__main__":
    main()
