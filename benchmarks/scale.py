"""Compute time and node hours of the paper's table and of ten million images on several nodes.

Times of a fold and of an image are measured, each on one machine. All other numbers are computed from them.
Lost and slow nodes are simulated. `--check` compares the simulation with sleeping tasks on a real Ray cluster
of four local nodes. Node hours are nodes x hours. There are no prices, because they change.

    python -m benchmarks.scale
    python -m benchmarks.scale --check
"""

from __future__ import annotations

import argparse
import math
import random
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.scale_cluster import LocalCluster
from benchmarks.scale_model import Nodes, Outcome, Training, draw_losses, draw_speeds, shortest, simulate
from benchmarks.script import count, describe_options


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the paper's table.

    Attributes:
        name: Number and system.
        seconds: Seconds of a fold on one core.
        epochs: Epochs of a fold.
        source: Where the time was measured.
    """

    name: str
    seconds: float
    epochs: int
    source: str


RESULTS = "benchmarks/RESULTS.md"
ROWS = (
    Row("1 SVM", 3, 1, RESULTS),
    Row("2 DS-GPLVM", 60, 1, "plugins/ferkit_dsgplvm/README.md"),
    Row("3 CycleAT, small", 560, 20, "plugins/ferkit_cycleat/README.md: 1,000 steps, two threads"),
    Row("4 Inception, 160 pixels", 285, 20, RESULTS),
    Row("5 with output mix-up", 306, 20, RESULTS),
    Row("6 with label smoothing", 291, 20, RESULTS),
    Row("7 multiscale on `mixed_6a`", 24, 20, RESULTS),
    Row("8 with label smoothing", 27, 20, RESULTS),
    Row("9 covariance pooling", 300, 24, "plugins/ferkit_covpool/README.md"),
)
FOLDS, REPEATS, PROTOCOLS = 2, 3, 3
"""Folds and repeats of each run, and protocols of each row: random folds, clips, movies."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to predict images on a node.

    Attributes:
        name: The node, and what it computes.
        stages: Stage to seconds of an image.
        processes: Images at a time.
        kilobytes: Size of an image file.
        is_overlapped: The stages work on different images at the same time.
    """

    name: str
    stages: dict[str, float]
    processes: int
    kilobytes: float
    is_overlapped: bool = False

    @property
    def rate(self) -> float:
        """Images per second of a node."""
        seconds = self.stages.values()
        return self.processes / (max(seconds) if self.is_overlapped else sum(seconds))

    @property
    def bound(self) -> str:
        """The stage that takes the most time, with its fraction of the time."""
        name, seconds = max(self.stages.items(), key=lambda one: one[1])
        return name if self.is_overlapped else f"{name} ({seconds / sum(self.stages.values()):.0%})"


PORTRAIT, ENLARGED = 42, 558
"""Mean kilobytes of a JPEG file: 204 portraits of 640 pixels, and 12 of them enlarged to 4000 x 3000."""
WHOLE, ON_GPU = 1 / 156, 1 / 791 + 1 / 6203
"""Seconds of an image with a GPU, file to probabilities, and on it (benchmarks/GPU.md, sfew_inception)."""
GPU_STAGES = {"decoding and crops": WHOLE - ON_GPU, "GPU": ON_GPU}
CPU_STAGES = {"decoding": 0.0019, "detection and network": 0.0101}
"""Processor seconds of an image in one thread (benchmarks/OTHER.md: JPEG 1.9 ms, further image 12 ms)."""
WAYS = (
    Way("2 cores", CPU_STAGES, 2, PORTRAIT),
    Way("2 cores, 12 megapixels", {**CPU_STAGES, "decoding": 0.109}, 2, ENLARGED),
    Way("GPU, stages in turn", GPU_STAGES, 1, PORTRAIT),
    Way("GPU, stages overlapped", GPU_STAGES, 1, PORTRAIT, is_overlapped=True),
)


def table_runs(start: float) -> list[list[Training]]:
    """Return the trainings of each run of the table."""
    kinds = [Training(row.epochs, row.seconds / row.epochs, start) for row in ROWS]
    return [[one] * (FOLDS * REPEATS) for one in kinds for _ in range(PROTOCOLS)]


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table, and an empty line."""
    for row in (headings, ["---"] * len(headings), *rows):
        print("| " + " | ".join(map(str, row)) + " |")
    print()


def show_measured() -> None:
    """Print the measured times of folds."""
    print_table(
        ("row", "measured s per fold", "epochs", "source"),
        [(one.name, f"{one.seconds:g}", one.epochs, one.source) for one in ROWS],
    )


def show_table(options: argparse.Namespace) -> None:
    """Print time and node hours of the paper's table on nodes that are equal and never lost."""
    runs = table_runs(options.start)
    every = [one for run in runs for one in run]
    print(
        f"{len(every)} trainings in {len(runs)} runs, {sum(one.whole for one in every) / 3600:.1f} core hours"
    )
    print()
    rows = []
    for nodes in options.nodes:
        cluster = Nodes([1.0] * nodes, options.cores)
        together = simulate(every, cluster).seconds
        in_turn = sum(simulate(run, cluster).seconds for run in runs)
        bound = shortest(every, nodes * options.cores)[1]
        rows.append((nodes, *hours(together, nodes), bound, *hours(in_turn, nodes)))
    headings = ("nodes", "together: hours", "node hours", "bound by", "in turn: hours", "node hours")
    print_table(headings, rows)


def hours(seconds: float, nodes: int) -> tuple[str, str]:
    """Return hours and node hours as text."""
    return f"{seconds / 3600:.2f}", f"{nodes * seconds / 3600:.1f}"


def show_disturbed(options: argparse.Namespace) -> None:
    """Print the simulated table on nodes that are slow or lost: median and 95th percentile of the draws."""
    every = [one for run in table_runs(options.start) for one in run]
    rows = []
    for nodes in options.nodes:
        for slow, lost in ((options.slow, 0.0), (0.0, options.lost), (options.slow, options.lost)):
            draw = random.Random(f"{options.seed} {nodes} {slow} {lost}")
            found = [draw_outcome(every, nodes, slow, lost, options, draw) for _ in range(options.draws)]
            seconds = sorted(one.seconds for one in found)
            late = seconds[int(0.95 * len(seconds))]
            rows.append(
                (
                    nodes,
                    f"{slow:.0%}",
                    f"{lost:g}",
                    f"{median(seconds) / 3600:.2f}",
                    f"{late / 3600:.2f}",
                    f"{mean(found, lambda one: one.restarts):.2f}",
                    f"{mean(found, lambda one: one.repeated) / 60:.1f}",
                    f"{mean(found, lambda one: one.failed > 0):.1%}",
                )
            )
    print_table(
        (
            "nodes",
            "slow",
            "losses per node hour",
            "hours, median",
            "95%",
            "restarts",
            "core minutes repeated",
            "needs --resume",
        ),
        rows,
    )


def draw_outcome(
    trainings: Sequence[Training],
    nodes: int,
    slow: float,
    lost: float,
    options: argparse.Namespace,
    draw: random.Random,
) -> Outcome:
    """Simulate the trainings once."""
    cluster = Nodes(draw_speeds(nodes, slow, options.factor, draw), options.cores, options.absence)
    return simulate(trainings, cluster, draw_losses(nodes, lost, draw))


def mean(found: Sequence[Outcome], of: Callable[[Outcome], float]) -> float:
    """Return the mean of a value."""
    return sum(map(of, found)) / len(found)


def show_images(options: argparse.Namespace) -> None:
    """Print time and node hours of predicting many images, and what bounds them."""
    rows = []
    for way in WAYS:
        for nodes in options.nodes:
            stored = 1000 * options.storage / way.kilobytes
            rate = min(nodes * way.rate, stored)
            bound = "storage" if rate == stored else way.bound
            read = f"{rate * way.kilobytes / 1000:.0f}"
            rows.append((way.name, nodes, f"{rate:.0f}", *hours(options.images / rate, nodes), read, bound))
    headings = ("node", "nodes", "images per s", "hours", "node hours", "MB/s read", "bound by")
    print_table(headings, rows)


CHECKED = [Training(2 + place % 3, 0.6 + 0.01 * (7 * place % 40)) for place in range(40)]
"""Of different lengths, so that no two end at the same moment."""
CASES: tuple[tuple[str, tuple[float, ...], tuple[tuple[float, int], ...]], ...] = (
    ("four equal nodes", (1, 1, 1, 1), ()),
    ("one node half as fast", (1, 1, 1, 0.5), ()),
    ("one half as fast, another removed after 10.5 s", (1, 1, 1, 0.5), ((10.5, 1),)),
)
"""Name, speeds and losses. The last case removes a node."""


def show_check(trainings: Sequence[Training] = CHECKED) -> None:
    """Print predicted and measured seconds of sleeping trainings on four local nodes."""
    rows = list[tuple[str, ...]]()
    with LocalCluster(4) as cluster, tempfile.TemporaryDirectory() as folder:
        for name, speeds, losses in CASES:
            predicted = simulate(trainings, Nodes(speeds, 1), losses).seconds
            place = Path(folder) / str(len(rows))
            place.mkdir()
            measured = cluster.run(trainings, speeds, losses, place)
            rows.append((name, f"{predicted:.1f}", f"{measured:.1f}", f"{measured / predicted - 1:+.1%}"))
    print_table(("cluster", "predicted s", "measured s", "difference"), rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = describe_options(__doc__)
    add = parser.add_argument
    add("--nodes", type=_counts, default=[1, 8, 64], metavar="N,...", help="numbers of nodes [1,8,64]")
    add("--cores", type=count, default=2, help="trainings at a time on each node, one for each core [2]")
    add("--start", type=_number(), default=8, help="seconds before the first epoch of a training [8]")
    add("--slow", type=_number(most=1), default=0.1, help="probability that a node is slow [0.1]")
    add("--factor", type=_number(least=1), default=2, help="how many times as long a slow node takes [2]")
    add("--lost", type=_number(), default=0.05, help="losses of a node per hour [0.05]")
    add("--absence", type=_number(), default=300, help="seconds until a lost node is replaced [300]")
    add("--draws", type=count, default=500, help="simulations of each case [500]")
    add("--seed", type=int, default=0, help="seed of the simulations [0]")
    add("--images", type=count, default=10_000_000, help="images to predict [10000000]")
    add("--storage", type=_number(least=1), default=1250, help="MB/s of shared storage, assumed [1250]")
    add("--check", action="store_true", help="compare the simulation with a Ray cluster (two minutes)")
    options = parser.parse_args(arguments)
    if options.check:
        show_check()
        return
    show_measured()
    show_table(options)
    show_disturbed(options)
    show_images(options)


def _number(least: float = 0, most: float = math.inf) -> Callable[[str], float]:
    """Return a parser of numbers in a range."""

    def parse(text: str) -> float:
        with suppress(ValueError):
            if least <= (found := float(text)) <= most:
                return found
        limit = f"{least:g} or more" if most == math.inf else f"{least:g} to {most:g}"
        raise argparse.ArgumentTypeError(f"expected a number, {limit}, got {text!r}")

    return parse


def _counts(text: str) -> list[int]:
    return [count(one) for one in text.split(",")]


if __name__ == "__main__":
    main()
