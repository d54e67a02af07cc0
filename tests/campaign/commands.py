"""Commands in processes that can be killed, forked from one that has imported everything."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

import ferkit.experiment.run
import ferkit.predict.model.export
import ferkit.report.render
from ferkit.cli import main
from tests.campaign.campaign import ROOT, Campaign
from tests.campaign.work import CONTENT

LIMIT = 300.0
"""Seconds in which a command ends, on a busy machine."""
KEPT = (ferkit.experiment.run, ferkit.predict.model.export, ferkit.report.render)
"""What the forked processes find imported."""
PATH = "FERKIT_CAMPAIGN_PATH"
"""The environment variable that puts a folder with installed plugins first on Python's path."""
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Command:
    """A command line, or a function, with its folder and environment.

    Attributes:
        call: The words after `ferkit`, or a function of a module of tests and its arguments.
        folder: The working directory; the output goes to a log next to it.
    """

    call: Sequence[str] | tuple[Callable[..., object], Sequence[object]]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.log"

    def start(self) -> BaseProcess:
        return start_process(_run, self)

    def finish(self) -> float:
        """Run to the end. Return the seconds. Raises AssertionError with the output if it fails."""
        started = time.monotonic()
        process = self.start()
        process.join(LIMIT)
        if process.is_alive():
            process.kill()
            process.join()
            raise AssertionError(f"{self.call} took more than {LIMIT:g} s")
        assert process.exitcode == 0, f"{self.call}: {process.exitcode}\n{self.log.read_text()}"
        return time.monotonic() - started

    def kill_after(self, seconds: float) -> bool:
        """Kill the command at a moment of its work. Return False if it ended before."""
        process = self.start()
        process.join(seconds)
        process.kill()
        process.join()
        assert process.exitcode in (0, -9), f"{self.call}: {process.exitcode}\n{self.log.read_text()}"
        return process.exitcode != 0


def start_process(function: Callable[..., object], *arguments: object) -> BaseProcess:
    """Fork a process with a function of a module."""
    process = _context.Process(target=function, args=arguments, daemon=True)
    process.start()
    return process


def _run(command: Command) -> None:
    torch.set_num_threads(1)
    output = os.open(command.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.chdir(command.folder)
    os.environ.update(command.environment)
    if callable(command.call[0]):
        function, arguments = command.call
        function(*arguments)  # type: ignore[operator]
        return
    sys.path.insert(0, str(ROOT))
    if place := command.environment.get(PATH):
        sys.path.insert(0, place)
    sys.argv = ["ferkit", *map(str, command.call)]
    main()


def kill_and_repeat(
    campaign: Campaign,
    count: int,
    prepare: Callable[[Path], Command],
    again: Callable[[Command], Sequence[Command]],
    results: Callable[[Path], dict[str, object]],
    folder: Path,
    kills: int = 1,
) -> None:
    """Kill a command at random moments, and repeat it: its results are those of an undisturbed one.

    Args:
        campaign: Counts the kills.
        count: Number of trials.
        prepare: Fills an empty folder, and gives the command.
        again: The commands that complete the work of a killed one.
        results: What a finished folder holds.
        folder: An empty folder.
        kills: Maximum of kills before the work is completed.
    """
    prepare(_make(folder / "first")).finish()  # which imports everything
    whole = prepare(_make(folder / "whole"))
    seconds = whole.finish()
    expected = results(whole.folder)
    assert expected
    assert expected == results(folder / "first" / "work")
    for number in campaign.scaled(count):
        moments = [campaign.random.uniform(0, seconds) for _ in range(campaign.random.randint(1, kills))]
        with campaign.trial(f"{campaign.name} {number}: killed after {moments} of {seconds:.2f} s"):
            command = prepare(_make(folder / str(number)))
            todo: Sequence[Command] = [command]
            for moment in moments:
                if not todo[0].kill_after(moment):
                    todo = ()
                    break
                check_whole(command.folder)
                todo = again(command)
            for one in todo:
                one.finish()
            check_whole(command.folder)
            found = results(command.folder)
            differing = [key for key in expected | found if expected.get(key) != found.get(key)]
            assert not differing, f"other results: {differing}"


def _make(folder: Path) -> Path:
    """folder/work: logs are next to it, outside the results."""
    (folder / "work").mkdir(parents=True)
    return folder / "work"


def check_whole(folder: Path) -> None:
    """Raises AssertionError for a half file under a final name."""
    for path in folder.rglob("*"):
        if path.is_file() and ".part" not in path.name and path.name != ".lock":
            _check_file(path)


def _check_file(path: Path) -> None:
    try:
        if path.suffix == ".json":
            json.loads(path.read_text())
        elif path.suffix == ".jsonl":
            text = path.read_text()
            assert text.endswith("\n")
            assert all(json.loads(line) for line in text.splitlines())
        elif path.suffix in (".csv", ".toml", ".md"):
            assert path.read_text().endswith("\n")
        elif path.suffix == ".html":
            assert path.read_text().rstrip().endswith(("</html>", ">"))
        elif path.suffix == ".safetensors":
            from safetensors.torch import load_file

            load_file(path)
        elif path.suffix == ".pt2":
            assert zipfile.ZipFile(path).testzip() is None
        elif path.suffix == ".bin":
            assert path.read_bytes() == CONTENT
        elif path.suffix == ".pt":
            torch.load(path, weights_only=True)
    except Exception as error:
        raise AssertionError(f"{path} is not whole: {error!r}") from error
