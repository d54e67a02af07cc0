"""A prediction in parts: each file once, whatever dies and however often it is started."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from ferkit.errors import RunError
from ferkit.predict.job import PredictionSummary
from ferkit.predict.model_choice import ModelChoice
from ferkit.predict.scale import plan, run
from ferkit.predict.scale.part import Part, PartOptions, hash_model, start_worker
from ferkit.runtime.workers import Workers
from tests.predict.drawn import picture, write_picture, write_video
from tests.predict.scale.workers import Here, Seen, open_here

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "FEWEST", 3)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Ten images, each with a face except one, a broken one, a video of two frames, and a text."""
    folder = tmp_path / "images"
    for number in range(9):
        write_picture(folder / f"{number}.png", (5 * number, 5))
    write_picture(folder / "empty.png")
    write_video(folder / "moving.avi", [picture((5, 5)), picture((6, 5))])
    (folder / "broken.jpg").write_text("nothing")
    (folder / "notes.txt").touch()
    return folder


@pytest.fixture
def options(model: Path, tmp_path: Path) -> PartOptions:
    choice = ModelChoice(str(model))
    return PartOptions(tmp_path / "faces.parquet", choice, hash_model(choice))


Predict = Callable[..., PredictionSummary]


@pytest.fixture
def predict(options: PartOptions, images: Path, monkeypatch: pytest.MonkeyPatch) -> Predict:
    """Predict the images with workers of this process."""

    def start(*workers: Here, seen: Seen | None = None, **changed: Any) -> PredictionSummary:
        monkeypatch.setattr(run, "open_workers", open_here(*(workers or (Here(),))))
        own = replace(options, **changed)
        return run.predict_in_parts([str(images)], own, Workers(1), seen or Seen())

    return start


def read_files(folder: Path) -> Counter[str]:
    """Count the rows of each file, as any reader of Parquet sees them."""
    return Counter(Path(one).name for one in parquet.read_table(folder)["file"].to_pylist())


EACH_ONCE = Counter({**{f"{number}.png": 1 for number in range(9)}, "empty.png": 1, "moving.avi": 2})


def test_each_file_is_once_in_the_folder_and_each_failure_in_a_table(
    predict: Predict, options: PartOptions, images: Path
) -> None:
    seen = Seen()
    tally = predict(seen=seen)
    assert read_files(options.folder) == EACH_ONCE
    assert sorted(one.name for one in options.folder.glob("*.parquet")) == [
        f"part-0000{number}.parquet" for number in range(5)
    ]
    assert list(tally.describe())[:3] == [
        "10 images and 1 video (2 frames): 11 faces",
        f"no face was found in 1 file: {images / 'empty.png'}",
        "1 file ignored (neither image nor video): .txt (1)",
    ]
    assert [one.file for one in tally.problems] == [str(images / "broken.jpg")]
    failed = (options.folder / "_failures.csv").read_text().splitlines()
    assert failed[0] == "file,reason"
    assert failed[1].startswith(str(images / "broken.jpg"))
    assert not tally.is_complete
    assert (seen.total, seen.done) == (12, 12)


def test_finished_parts_are_skipped_and_counted(predict: Predict, options: PartOptions) -> None:
    first = list(predict().describe())
    (options.folder / "part-00001.parquet").unlink()
    (options.folder / "part-00002.parquet").write_bytes(b"PAR1 damaged")
    worker, seen = Here(), Seen()
    assert list(predict(worker, seen=seen).describe()) == first
    assert worker.parts == [1, 2]
    assert seen.notes == ["3 of 5 parts are done already."]
    assert seen.done == 12
    assert read_files(options.folder) == EACH_ONCE
    nothing_to_do = Here(dies=lambda _: True)
    assert list(predict(nothing_to_do).describe()) == first


def test_a_part_is_repeated_if_its_worker_dies(predict: Predict, options: PartOptions) -> None:
    deaths = Counter[int]()

    def die(arguments: Sequence[Any]) -> bool:
        part = arguments[-1]
        if isinstance(part, Part):
            deaths[part.number] += 1
        return isinstance(part, Part) and part.number in (0, 3) and deaths[part.number] < 3

    seen = Seen()
    predict(Here(die), Here(die), seen=seen)
    assert read_files(options.folder) == EACH_ONCE
    assert len(seen.notes) == 4
    assert all("A worker died in part" in one for one in seen.notes)


def test_a_part_that_kills_each_worker_is_named_and_the_others_are_done(
    predict: Predict, options: PartOptions, images: Path
) -> None:
    tally = predict(Here(lambda arguments: getattr(arguments[-1], "number", -1) == 1))
    _, lost = tally.problems
    assert "part 1" in lost.file
    assert str(images / "3.png") in lost.file
    assert "died 3 times" in lost.reason
    assert read_files(options.folder) == EACH_ONCE - Counter(["3.png", "4.png", "5.png"])
    predict()
    assert read_files(options.folder) == EACH_ONCE


def test_workers_that_cannot_start_end_the_work(predict: Predict) -> None:
    with pytest.raises(RunError, match="all workers died"):
        predict(Here(lambda _: True), Here(lambda _: True))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"every": 2}, "every: 1, now 2"),
        ({"sha256": "0" * 64}, "model_sha256: "),
        ({"model": ModelChoice(threshold=0.5)}, "threshold: 0.0, now 0.5"),
    ],
)
def test_another_plan_is_refused_with_what_differs(
    predict: Predict, changed: dict[str, Any], named: str
) -> None:
    predict()
    with pytest.raises(RunError, match=f"(?s)Cannot continue .*{named}"):
        predict(**changed)


def test_other_inputs_are_refused(predict: Predict, images: Path) -> None:
    predict()
    write_picture(images / "new.png")
    with pytest.raises(RunError, match="files: 12, now 13"):
        predict()


def test_another_model_on_a_node_is_refused(predict: Predict, options: PartOptions) -> None:
    with pytest.raises(RunError, match="another file"):
        predict(sha256="0" * 64)
    assert not list(options.folder.glob("*.parquet"))


def test_a_process_that_does_not_see_the_folder_is_named(options: PartOptions) -> None:
    assert "does not see" in str(start_worker(options))
    assert not options.folder.exists()


def test_a_folder_of_something_else_is_refused(predict: Predict, options: PartOptions) -> None:
    options.folder.mkdir()
    (options.folder / "mine.txt").touch()
    with pytest.raises(RunError, match=r"other files \(mine.txt\)"):
        predict()
    (options.folder / "mine.txt").unlink()
    options.folder.rmdir()
    options.folder.write_text("")
    with pytest.raises(RunError, match="expected a folder"):
        predict()


def test_a_damaged_plan_is_named(predict: Predict, options: PartOptions) -> None:
    predict()
    (options.folder / "_plan.json").write_text("[]")
    with pytest.raises(RunError, match=r"_plan.json is damaged"):
        predict()


def test_two_at_once_are_refused(predict: Predict, options: PartOptions) -> None:
    options.folder.mkdir()
    with FileLock(options.folder / ".lock"), pytest.raises(RunError, match="another `ferkit predict`"):
        predict()


def test_ctrl_c_keeps_what_is_done(predict: Predict, options: PartOptions) -> None:
    def interrupt(arguments: Sequence[Any]) -> bool:
        if getattr(arguments[-1], "number", 0) == 2:
            raise KeyboardInterrupt
        return False

    seen = Seen()
    tally = predict(Here(interrupt), seen=seen)
    assert "Repeat the command" in seen.notes[-1]
    assert tally.is_stopped
    assert not tally.is_complete
    assert len(list(options.folder.glob("*.parquet"))) == 2
    predict()
    assert read_files(options.folder) == EACH_ONCE


def test_left_temporary_files_are_removed(predict: Predict, options: PartOptions) -> None:
    predict()
    left = options.folder / ".0123abcd.part.parquet"
    left.touch()
    predict()
    assert not left.exists()


def test_the_plan_and_the_parts_follow_from_the_list_of_files_alone() -> None:
    names = [f"{number}.png" for number in range(7)]
    parts = plan.make_parts([*names, "a.mp4", "b.mp4"])
    assert [list(part.files) for part in parts] == [names[:3], names[3:6], names[6:], ["a.mp4"], ["b.mp4"]]
    assert {len(one.files) for one in plan.make_parts([f"{n}.png" for n in range(20_000)])} == {20}


def test_inputs_without_files_make_no_folder(options: PartOptions) -> None:
    tally = run.predict_in_parts(["missing"], options, Workers(1), Seen())
    assert [one.file for one in tally.problems] == ["missing"]
    assert not options.folder.exists()


def test_the_summary_is_in_the_files(predict: Predict, options: PartOptions) -> None:
    predict()
    metadata = parquet.read_metadata(options.folder / "part-00004.parquet").metadata
    assert json.loads(metadata[b"ferkit"])["frames"] == 2


def test_deaths_at_the_start_count_for_each_worker(predict: Predict, options: PartOptions) -> None:
    starts = Counter[str]()

    def dies_twice(name: str) -> Callable[[Sequence[Any]], bool]:
        def die(arguments: Sequence[Any]) -> bool:
            starts[name] += not isinstance(arguments[-1], Part)
            return not isinstance(arguments[-1], Part) and starts[name] < 3

        return die

    seen = Seen()
    predict(Here(dies_twice("a")), Here(dies_twice("b")), seen=seen)
    assert read_files(options.folder) == EACH_ONCE
