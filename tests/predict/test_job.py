"""The whole work: what is done, what is told, what is left."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ferkit.errors import RunError
from ferkit.predict import Predicted, Predictor, job
from ferkit.predict.job import PredictionSummary, do_work, remaining
from ferkit.predict.media.sources import Camera, InputError
from ferkit.predict.output.open import open_sink
from tests.predict.drawn import picture, write_picture, write_video


@pytest.fixture
def predictor(model: Path) -> Predictor:
    return Predictor(model, threshold=0.5)


def told(tally: PredictionSummary) -> str:
    return "\n".join(tally.describe())


def test_a_mixed_folder_is_done_and_each_thing_is_told(predictor: Predictor, tmp_path: Path) -> None:
    given = tmp_path / "in"
    write_picture(given / "a.png", (5, 5), (60, 30))
    write_picture(given / "b.png")
    write_video(given / "c.avi", [picture((5, 5)), picture()])
    write_video(given / "d.avi", [picture()] * 3)
    (given / "broken.jpg").write_text("nothing")
    for name in ("x.txt", "y.txt", "README"):
        (given / name).touch()
    tally = do_work(predictor, [given], [open_sink(tmp_path / "out.csv", [])])
    assert not tally.is_complete
    text = told(tally)
    assert "2 images and 2 videos (5 frames): 3 faces" in text
    assert f"no face was found in 2 files: {given / 'b.png'}, {given / 'd.avi'}" in text
    assert "3 files ignored (neither image nor video): .txt (2), no suffix (1)" in text
    assert f"written: {tmp_path / 'out.csv'}" in text
    assert f"failed: 1\n  {given / 'broken.jpg'}: it is not an image" in text
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 1 + 2 + 1 + 2 + 3


def test_files_that_are_passed_over_are_no_failure(predictor: Predictor, tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", (5, 5))
    (tmp_path / "x.txt").touch()
    assert do_work(predictor, [tmp_path], []).is_complete


def test_a_image_without_a_face_is_no_failure(predictor: Predictor, tmp_path: Path) -> None:
    tally = do_work(predictor, [write_picture(tmp_path / "a.png")], [])
    assert tally.is_complete
    assert told(tally) == f"1 image: 0 faces\nno face was found in 1 file: {tmp_path / 'a.png'}"


def test_faces_below_the_threshold_are_counted(model: Path, tmp_path: Path) -> None:
    tally = do_work(Predictor(model, threshold=1), [write_picture(tmp_path / "a.png", (5, 5))], [])
    assert "1 face, 1 below the threshold" in told(tally)


def test_many_problems_are_counted_and_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "KEPT", 2)
    tally = PredictionSummary()
    for number in range(5):
        tally.add_problem(InputError(f"{number}.png", "broken"))
    expected = ["failed: 5", "  0.png: broken", "  1.png: broken", "  and 3 more"]
    assert told(tally).splitlines()[1:] == expected


def test_standard_input_is_read(predictor: Predictor, tmp_path: Path) -> None:
    listed = str(write_picture(tmp_path / "a.jpg", (5, 5), quality=95)).encode()
    assert do_work(predictor, ["-"], [], stdin=io.BytesIO(listed)).faces == 1


class Stopping:
    """A sink during whose second picture Ctrl-C is pressed."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error
        self.seen = 0
        self.closed: list[bool] = []

    def begin(self, labels: Sequence[str]) -> None: ...

    def write(self, predicted: Predicted) -> Sequence[InputError]:
        self.seen += 1
        if self.seen == 2:
            raise self.error
        return ()

    def close(self, is_whole: bool) -> None:
        self.closed.append(is_whole)


def test_ctrl_c_keeps_what_was_found_and_says_that_it_is_not_all(
    predictor: Predictor, tmp_path: Path
) -> None:
    files = [write_picture(tmp_path / f"{n}.png", (5, 5)) for n in range(4)]
    stopping = Stopping(KeyboardInterrupt)
    (tmp_path / "out.csv").write_text("older")
    tally = do_work(predictor, files, [open_sink(tmp_path / "out.csv", files), stopping])
    assert tally.is_stopped
    assert not tally.is_complete
    assert "Stopped early" in told(tally)
    assert (tmp_path / "out.csv").read_text() == "older"
    assert len((tmp_path / "out.csv.part").read_text().splitlines()) == 3
    assert tally.written == [str(tmp_path / "out.csv.part")]
    assert stopping.closed == [False]


def test_ctrl_c_is_how_a_camera_ends(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    from ferkit.predict.media.frames import Frame

    def stream(*_: object, **__: object) -> Any:
        for number in range(9):
            yield Predicted(Frame(Camera(0), picture(), number, 0.1 * number, 25, True), [])

    monkeypatch.setattr(predictor, "stream", stream)
    stopping = Stopping(KeyboardInterrupt)
    tally = do_work(predictor, ["0"], [stopping])
    assert tally.is_complete
    assert stopping.closed == [True]
    assert tally.frames == 2


class Failing(Stopping):
    def close(self, is_whole: bool) -> None:
        raise OSError("No space left on device")


def test_where_one_result_can_not_be_finished_the_others_are(predictor: Predictor, tmp_path: Path) -> None:
    file = write_picture(tmp_path / "a.png", (5, 5))
    with pytest.raises(RunError, match="No space left on device"):
        do_work(predictor, [file], [Failing(OSError), open_sink(tmp_path / "out.csv", [file])])
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 2


def test_of_many_files_without_a_face_a_few_are_named(predictor: Predictor, tmp_path: Path) -> None:
    for number in range(5):
        write_picture(tmp_path / f"{number}.png")
    text = told(do_work(predictor, [tmp_path], []))
    assert text.endswith("2.png and 2 more")


@pytest.mark.parametrize("error", [OSError, RuntimeError])
def test_where_the_work_fails_the_older_file_stays(
    predictor: Predictor, tmp_path: Path, error: type[Exception]
) -> None:
    files = [write_picture(tmp_path / f"{n}.png", (5, 5)) for n in range(4)]
    (tmp_path / "out.csv").write_text("older")
    with pytest.raises(RunError if error is OSError else error):
        do_work(predictor, files, [open_sink(tmp_path / "out.csv", files), Stopping(error)])
    assert (tmp_path / "out.csv").read_text() == "older"
    assert (tmp_path / "out.csv.part").exists()


def test_a_name_that_no_terminal_takes_is_told_by_its_bytes() -> None:
    tally = PredictionSummary()
    tally.add_problem(InputError("caf\udce9.png", "broken"))
    assert "caf\\xe9.png" in told(tally)


def test_an_interrupted_generator_gives_what_it_still_holds() -> None:
    def smoothed() -> Iterator[int]:
        try:
            yield from (1, 2, 3)
        except KeyboardInterrupt:
            yield from (8, 9)
            raise

    stream = smoothed()
    assert next(stream) == 1
    assert list(remaining(stream)) == [8, 9]
    plain = (number for number in (1, 2, 3))
    assert next(plain) == 1
    assert list(remaining(plain)) == []
    assert list(remaining(iter([1]))) == []
