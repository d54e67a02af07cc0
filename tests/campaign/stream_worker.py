"""Predict the files whose names come on standard input, and print a line for each: its name and result.

Run as `python -m tests.campaign.stream_worker MODEL`. An exception ends it with its traceback.
"""

from __future__ import annotations

import json
import resource
import sys

from ferkit.predict import Predictor
from ferkit.predict.predictor import Predicted

ROOM = 8 << 30
"""Bytes of address space: a header that asks for more gets an error, not the machine."""


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))
    predictor = Predictor(sys.argv[1], device="cpu")
    print(json.dumps("ready"), flush=True)
    for one in predictor.stream(json.loads(sys.stdin.readline())):
        if isinstance(one, Predicted):
            good = all(0 <= p <= 1 for row in one.rows for p in (row.probabilities or {}).values())
            kind = "row" if good else f"probabilities out of range: {one.rows}"
            print(json.dumps([one.frame.file, kind]), flush=True)
        else:
            print(json.dumps([one.file, type(one).__name__, getattr(one, "reason", "")]), flush=True)


if __name__ == "__main__":
    main()
