"""Many images predicted by two workers, which are killed: each image is once in the Parquet files."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from PIL import Image

from ferkit.predict.scale.plan import make_parts
from ferkit.testing.drawing import LABELS, draw_face
from tests.campaign.campaign import ROOT
from tests.campaign.conftest import Start

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

IMAGES = 20_000
SIDE = 48
LIMIT = 3600


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("many")


def draw_images(folder: Path, count: int) -> Path:
    """Draw images, 1,000 in each subfolder, if they are not there."""
    images = folder / "images"
    for number in range(0 if images.exists() else count):
        file = images / f"{number // 1000:03}" / f"{number:06}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw_face(LABELS[number % len(LABELS)], number, SIDE)).save(file)
    return images


def start_predict(images: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "ferkit", "predict", str(images), "--out", str(out)]
    given = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with out.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(
            [*words, "--detector", "whole_image", *more], cwd=ROOT, env=given, stdout=log, stderr=log
        )


def wait_for_parts(out: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + LIMIT
    while len(list(out.glob("part-*.parquet"))) < count and time.monotonic() < until:
        assert process.poll() is None, out.with_suffix(".log").read_text()
        time.sleep(0.05)


def kill_worker(name: str) -> None:
    """Kill one process of a worker, which this process or a cluster of this process started."""
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            if name in " ".join(one.cmdline()):
                one.kill()
                return
    raise AssertionError("no worker was found")


def check_each_once(images: Path, out: Path) -> None:
    found = parquet.read_table(out)["file"].to_pylist()
    assert sorted(found) == sorted(str(one) for one in images.rglob("*.jpg"))


@pytest.mark.filterwarnings("ignore")  # Ray leaves sockets and processes to the garbage collector
def test_each_image_is_predicted_once_on_ray_if_a_worker_and_the_driver_die(
    start: Start, folder: Path, address: str
) -> None:
    predict_with_deaths(start, folder, ("--on", "ray", "--address", address), "ray::FerkitWorker")


def test_each_image_is_predicted_once_in_processes_if_a_worker_and_the_driver_die(
    start: Start, folder: Path
) -> None:
    predict_with_deaths(start, folder, ("--jobs", "2"), "spawn_main")


def predict_with_deaths(start: Start, folder: Path, way: Sequence[str], name: str) -> None:
    campaign = start(f"images of predict {way[0]} {way[1]}, a worker and the driver killed")
    count = len(campaign.scaled(IMAGES))
    images = draw_images(folder, count)
    parts = len(make_parts([str(one) for one in images.rglob("*.jpg")]))
    with campaign.trial("a worker killed"):
        out = folder / f"{way[1]}_worker.parquet"
        with start_predict(images, out, *way) as process:
            wait_for_parts(out, parts // 3, process)
            kill_worker(name)
            assert process.wait(LIMIT) == 0, out.with_suffix(".log").read_text()
        assert "A worker died" in out.with_suffix(".log").read_text()
        check_each_once(images, out)
    with campaign.trial("the driver killed"):
        out = folder / f"{way[1]}_driver.parquet"
        with start_predict(images, out, *way) as process:
            wait_for_parts(out, parts // 3, process)
            process.kill()
        with start_predict(images, out, *way) as process:
            assert process.wait(LIMIT) == 0, out.with_suffix(".log").read_text()
        assert "parts are done already" in out.with_suffix(".log").read_text()
        check_each_once(images, out)
    campaign.tried = 2 * count
    campaign.check()
