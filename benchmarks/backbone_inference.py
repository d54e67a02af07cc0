"""How many images a second a backbone turns into feature maps, and its share of the machine's peak.

By batch size, precision, compile mode and image size, all in one run and in turns. Its share is of the matrix
multiplications that the machine reached in the same precision in the same run.

    OMP_NUM_THREADS=2 python benchmarks/backbone_inference.py --batch-size 1,16 --json backbone.json
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ferkit.bench.record import Record
from ferkit.bench.run import Say, bench
from ferkit.bench.script import add_device, make_parser, run_script
from ferkit.bench.variants import add_variants, make_variants


def measure(options: argparse.Namespace, say: Say) -> Record:
    registry, variants = make_variants(options, ("backbone",), "16", "1,8,32,128,512")
    return bench("benchmarks/backbone_inference.py", registry, variants, say)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__, rounds=50, seconds=120)
    add_device(parser)
    add_variants(parser)
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
