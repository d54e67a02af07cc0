"""Annotated copies of images and videos."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from ferkit.data.images import read_image
from ferkit.errors import RunError
from ferkit.predict import Predicted, Predictor
from ferkit.predict.job import PredictionSummary, do_work
from ferkit.predict.media.frames import Frame
from ferkit.predict.media.sources import ImageSource, VideoSource
from ferkit.predict.media.video import VideoFrame, read_moving
from ferkit.predict.output import video_writer
from ferkit.predict.output.annotated import COLOUR, UNSURE, AnnotatedFolder, draw
from ferkit.predict.output.open import open_sink
from ferkit.predict.row import Row
from tests.predict.drawn import picture, write_picture, write_video

ROW = Row("a", face=1, box=(30, 20, 70, 50), probabilities={"müde": 0.8, "wach": 0.2}, label="müde")


def annotate(model: Path, out: Path, *inputs: Path, every: int = 1) -> PredictionSummary:
    return do_work(Predictor(model), inputs, [open_sink(out, inputs)], every=every)


def test_a_face_has_its_box_in_its_colour_and_the_rest_is_as_it_was() -> None:
    image = np.zeros((64, 96, 3), np.uint8)
    drawn = draw(image, [ROW])
    assert tuple(drawn[50, 50]) == COLOUR
    assert tuple(draw(image, [Row("a", face=1, box=ROW.box, abstained=True)])[50, 50]) == UNSURE
    assert not drawn[30:45, 35:65].any()
    assert not image.any()


def test_a_picture_without_faces_stays_as_it_is() -> None:
    image = picture()
    assert draw(image, [Row("a")]) is image


BOXES = [(-20.0, -10.0, 200.0, 90.0), (90.0, 60.0, 96.0, 64.0), (50.0, 50.0, 40.0, 40.0)]


@pytest.mark.parametrize("box", BOXES)
def test_a_box_beyond_the_edge_or_turned_over_is_drawn(box: tuple[float, float, float, float]) -> None:
    assert draw(picture(), [Row("a", face=1, box=box, label="müde")]).shape == (64, 96, 3)


def test_images_keep_their_names_and_folders(model: Path, tmp_path: Path) -> None:
    given = tmp_path / "in"
    write_picture(given / "a.png", (30, 30))
    write_picture(given / "deep" / "ü b.jpg", (30, 30))
    write_picture(given / "old.ppm", (30, 30))
    tally = annotate(model, tmp_path / "out", given)
    assert tally.is_complete
    out = tmp_path / "out"
    found = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert found == ["a.png", "deep/ü b.jpg", "old.ppm.png"]
    assert tally.written == [str(out)]
    shown = read_image(out / "a.png")
    assert tuple(shown[50, 40]) == COLOUR
    assert tuple(shown[40, 40]) == (220, 30, 30)


def test_two_images_of_one_name_are_both_there(model: Path, tmp_path: Path) -> None:
    files = [write_picture(tmp_path / folder / "a.png", (5, 5)) for folder in ("one", "two")]
    annotate(model, tmp_path / "out", *files)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a-2.png", "a.png"]


def test_the_folder_of_an_input_is_refused(tmp_path: Path) -> None:
    other, file = (write_picture(tmp_path / folder / "a.png", (5, 5)) for folder in ("two", "one"))
    with pytest.raises(RunError, match=r"is the folder of the input .*one/a\.png.*Give a folder elsewhere"):
        AnnotatedFolder(tmp_path / "one", [other, file])


@pytest.mark.parametrize("typed", ["one/*.png", "-", "one/deep"])
def test_where_an_input_may_lie_in_the_folder_no_older_file_is_replaced(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.chdir(tmp_path)
    originals = [write_picture(Path(place), (5, 5)) for place in ("one/a.png", "one/deep/a.png")]
    other = write_picture(Path("two/deep/a.png"), (5, 5))
    before = [file.read_bytes() for file in originals]
    inputs = [other.parent.parent, typed]
    listed = io.BytesIO(b"one/a.png\none/deep/a.png\n")
    do_work(Predictor(model), inputs, [open_sink(Path("one"), inputs)], stdin=listed)
    assert [file.read_bytes() for file in originals] == before
    assert Path("one/deep/a-2.png").exists()


def test_an_original_that_a_link_leads_to_is_never_overwritten(model: Path, tmp_path: Path) -> None:
    file = write_picture(tmp_path / "out" / "a.png", (5, 5))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").symlink_to(file)
    before = file.read_bytes()
    tally = annotate(model, tmp_path / "out", tmp_path / "in")
    assert file.read_bytes() == before
    (problem,) = tally.problems
    assert "replace the original" in problem.reason
    assert not tally.is_complete


@pytest.mark.parametrize("below", ["", "annotated"])
def test_a_folder_within_an_input_is_refused(tmp_path: Path, below: str) -> None:
    with pytest.raises(RunError, match="would be inputs"):
        AnnotatedFolder(tmp_path / below, [tmp_path])


@pytest.mark.parametrize("out", ["", "far", "far/annotated", "far/deep"])
def test_a_folder_that_a_link_of_an_input_leads_to_is_refused(tmp_path: Path, out: str) -> None:
    write_picture(tmp_path / "in" / "a.png")
    write_picture(tmp_path / "far" / "deep" / "a.png")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "far")
    with pytest.raises(RunError, match=f"a link in the input .*in leads to {tmp_path}/far"):
        AnnotatedFolder(tmp_path / out, [tmp_path / "in"])


def test_a_video_becomes_one_that_lasts_as_long_with_the_frames_that_were_looked_at(
    model: Path, tmp_path: Path
) -> None:
    frames = [picture((40, 5 + n), width=97, height=65) for n in range(20)]  # odd sizes, which codecs refuse
    video = write_video(tmp_path / "v.avi", frames, rate=20)
    tally = annotate(model, tmp_path / "out", video, every=4)
    assert (tally.moving, tally.frames) == (1, 5)
    (file,) = (tmp_path / "out").iterdir()
    assert file.name == "v.mp4"
    made = [one for one in read_moving(file, False, 1) if isinstance(one, VideoFrame)]
    assert [one.time for one in made] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    assert sum(one.lasts for one in made) == pytest.approx(1, abs=0.01)
    assert made[0].image.shape == (64, 96, 3)


def test_a_copy_keeps_the_times_of_a_variable_rate(tmp_path: Path) -> None:
    source, times = VideoSource(tmp_path / "v.avi", Path("v.avi")), [0.0, 0.1, 3.0, 3.1, 9.0]
    write_video(source.path, [picture()])
    folder = AnnotatedFolder(tmp_path / "out", [])
    for number, time in enumerate(times):
        folder.write(Predicted(Frame(source, picture(), number, time, 0.5), [Row("v.avi")]))
    folder.close(is_whole=True)
    (file,) = (tmp_path / "out").iterdir()
    made = [one for one in read_moving(file, False, 1) if isinstance(one, VideoFrame)]
    assert [one.time for one in made] == pytest.approx(times, abs=1e-3)


@pytest.mark.parametrize("suffix", [".png", ".avi"])
def test_a_copy_may_have_the_longest_name_there_is(tmp_path: Path, suffix: str) -> None:
    name = "n" * (250 - len(suffix)) + suffix
    is_video = suffix == ".avi"
    source = (
        VideoSource(tmp_path / name, Path(name)) if is_video else ImageSource(tmp_path / name, Path(name))
    )
    if is_video:
        write_video(tmp_path / "v.avi", [picture()]).rename(source.path)
    folder = AnnotatedFolder(tmp_path / "out", [])
    number, time = (0, 0.0) if is_video else (None, None)
    assert not folder.write(Predicted(Frame(source, picture(), number, time, 0.1), [Row(name)]))
    folder.close(is_whole=True)
    assert [one.name for one in (tmp_path / "out").iterdir()] == [name.replace(".avi", ".mp4")]


def test_an_animation_and_images_beside_a_video_are_all_there(model: Path, tmp_path: Path) -> None:
    given = tmp_path / "in"
    write_picture(given / "a.png", (5, 5))
    shown = [Image.fromarray(picture((5 * n, 5))) for n in range(3)]
    shown[0].save(given / "b.gif", save_all=True, append_images=shown[1:], duration=100)
    write_video(given / "c.avi", [picture((5, 5))] * 4)
    write_picture(given / "d.png", (5, 5))
    annotate(model, tmp_path / "out", given)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["a.png", "b.mp4", "c.mp4", "d.png"]


def test_a_video_that_can_not_be_encoded_is_a_problem_and_the_rest_is_done(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_writer, "CODECS", ("no codec",))
    monkeypatch.setattr(av, "codecs_available", {"no codec"})
    video = write_video(tmp_path / "v.avi", [picture()] * 2)
    file = write_picture(tmp_path / "a.png", (5, 5))
    tally = annotate(model, tmp_path / "out", video, file)
    assert [problem.file for problem in tally.problems] == [str(video)]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]


def frames(file: Path, count: int) -> list[Predicted]:
    source = VideoSource(write_video(file, [picture()]), Path(file.name))
    return [Predicted(Frame(source, picture(), n, n / 10, 0.1), [Row(str(file))]) for n in range(count)]


def test_a_copy_that_can_not_be_finished_is_told_of_its_own_video(tmp_path: Path) -> None:
    first, second = frames(tmp_path / "a.avi", 2), frames(tmp_path / "b.avi", 2)
    folder = AnnotatedFolder(tmp_path / "out", [])
    (tmp_path / "out" / "a.mp4" / "full").mkdir(parents=True)
    told = [problem for one in (*first, *second) for problem in folder.write(one)]
    assert [problem.file for problem in told] == [str(tmp_path / "a.avi")]
    assert folder.close(is_whole=True) == str(tmp_path / "out")
    assert (tmp_path / "out" / "b.mp4").stat().st_size > 100


def test_the_last_copy_that_can_not_be_finished_is_told_with_its_video(tmp_path: Path) -> None:
    folder = AnnotatedFolder(tmp_path / "out", [])
    (tmp_path / "out" / "a.mp4" / "full").mkdir(parents=True)
    for one in frames(tmp_path / "a.avi", 2):
        assert not folder.write(one)
    with pytest.raises(RunError, match=r"a\.avi: its annotated copy cannot be written"):
        folder.close(is_whole=True)


def test_a_copy_of_which_the_end_is_missing_takes_no_older_ones_place(tmp_path: Path) -> None:
    folder = AnnotatedFolder(tmp_path / "out", [])
    older = tmp_path / "out" / "a.mp4"
    older.write_text("older")
    for one in frames(tmp_path / "a.avi", 2):
        folder.write(one)
    told = folder.close(is_whole=False)
    (part,) = older.parent.glob(".part.*.mp4")
    assert told == f"{tmp_path / 'out'}; a part of a.mp4: {part}"
    assert older.read_text() == "older"
    assert part.stat().st_size > 100


def clip(
    file: Path,
    codec: str,
    sound: str,
    times: Sequence[float],
    delay: float = 0.0,
    form: str = "yuv420p",
) -> Path:
    """A video with a tone of 440 Hz between 0.5 and 1 s, both shifted by a delay."""
    with av.open(str(file), "w") as container:
        video, audio = container.add_stream(codec, rate=1000), container.add_stream(sound, rate=16000)
        assert isinstance(video, av.VideoStream)
        assert isinstance(audio, av.AudioStream)
        video.width, video.height, video.pix_fmt = 96, 64, form
        video.codec_context.time_base = Fraction(1, 1000)
        for number, time in enumerate(times):
            shown = av.VideoFrame.from_ndarray(picture((2 * number, 10)), format="rgb24")
            shown.pts, shown.time_base = round(1000 * (time + delay)), Fraction(1, 1000)
            container.mux(video.encode(shown))
        container.mux(video.encode(None))
        seconds = np.arange(round(16000 * (max(times) + 0.1))) / 16000
        tone = 20000 * np.sin(2 * np.pi * 440 * seconds) * ((seconds > 0.5) & (seconds < 1))
        played = av.AudioFrame.from_ndarray(tone.astype(np.int16)[None], format="s16", layout="mono")
        played.rate, played.pts, played.time_base = 16000, round(16000 * delay), Fraction(1, 16000)
        container.mux(audio.encode(played))
        container.mux(audio.encode(None))
    return file


def tone_of(file: Path) -> tuple[float, float]:
    """The first and last time, in seconds, at which the sound of a copy, in AAC, is loud."""
    with av.open(str(file)) as container:
        frames = [(one.time, one.to_ndarray(), one.rate) for one in container.decode(audio=0)]
    times = np.concatenate([np.arange(one.shape[-1]) / rate + time for time, one, rate in frames])
    is_loud = np.concatenate([np.abs(one).max(axis=0) for _, one, _ in frames]) > 0.1
    return float(times[is_loud][0]), float(times[is_loud][-1])


TIMES = [0.0, 0.04, 0.4, 0.44, 1.0, 1.5]


@pytest.mark.parametrize(
    ("name", "codec", "sound", "delay"),
    [
        ("v.mp4", "libx264", "aac", 0.0),
        ("v.mkv", "libx264", "aac", 2.0),
        ("v.mov", "mpeg4", "pcm_s16le", 0.0),
        ("v.mkv", "ffv1", "mp2", 1.0),
    ],
)
def test_a_copy_has_the_sound_at_its_time(
    model: Path, tmp_path: Path, name: str, codec: str, sound: str, delay: float
) -> None:
    original = clip(tmp_path / name, codec, sound, TIMES, delay)
    tally = annotate(model, tmp_path / "out", original)
    assert not tally.problems
    assert tone_of(tmp_path / "out" / "v.mp4") == pytest.approx((0.5, 1.0), abs=0.04)
    with av.open(str(tmp_path / "out" / "v.mp4")) as made:
        assert made.streams.video[0].codec_context.name == "h264"
        assert made.streams.audio[0].codec_context.name == "aac"


def test_sound_is_copied_packet_by_packet(model: Path, tmp_path: Path) -> None:
    original = clip(tmp_path / "v.mp4", "libx264", "aac", TIMES)
    annotate(model, tmp_path / "out", original)

    def packets(file: Path) -> list[bytes]:
        with av.open(str(file)) as container:
            return [bytes(one) for one in container.demux(audio=0) if one.size]

    copied = packets(tmp_path / "out" / "v.mp4")
    assert len(copied) > 15
    assert set(copied) <= set(packets(original))


def test_frames_of_a_copy_have_their_times_and_the_last_its_duration(tmp_path: Path) -> None:
    source, times, lasts = VideoSource(tmp_path / "v.avi", Path("v.avi")), [0.0, 0.1, 3.0], [0.1, 2.9, 1.7]
    write_video(source.path, [picture()])
    folder = AnnotatedFolder(tmp_path / "out", [])
    for number, (time, last) in enumerate(zip(times, lasts, strict=True)):
        folder.write(Predicted(Frame(source, picture(), number, time, last), [Row("v.avi")]))
    folder.close(is_whole=True)
    with av.open(str(tmp_path / "out" / "v.mp4")) as made:
        stream = made.streams.video[0]
        assert float((stream.duration or 0) * (stream.time_base or 0)) == pytest.approx(4.7, abs=1e-3)
        assert (stream.codec_context.extradata or b"")[3] <= 30  # the level that players need


def test_sound_that_can_not_be_read_is_a_problem_and_the_copy_is_made(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "v.avi"
    first, *others = frames(file, 3)
    file.unlink()
    folder = AnnotatedFolder(tmp_path / "out", [])
    (problem,) = folder.write(first)
    assert "the sound is missing after 0.00 s" in problem.reason
    assert not [problem for one in others for problem in folder.write(one)]
    assert folder.close(is_whole=True) == str(tmp_path / "out")
    assert (tmp_path / "out" / "v.mp4").exists()


def turned(file: Path) -> Path:
    """Set the matrix of an MP4 file's track to a turn by 90 degrees."""
    content = bytearray(file.read_bytes())
    place = content.index(b"tkhd") + 44
    matrix = (0, 1 << 16, 0, -(1 << 16), 0, 0, 64 << 16, 0, 1 << 30)
    content[place : place + 36] = b"".join(one.to_bytes(4, "big", signed=True) for one in matrix)
    file.write_bytes(content)
    return file


def test_a_turned_video_has_an_upright_copy(model: Path, tmp_path: Path) -> None:
    original = turned(clip(tmp_path / "v.mp4", "libx264", "aac", TIMES))
    annotate(model, tmp_path / "out", original)
    (first, *_) = [
        one for one in read_moving(tmp_path / "out" / "v.mp4", False, 1) if isinstance(one, VideoFrame)
    ]
    assert first.image.shape == (96, 64, 3)
    expected = np.rot90(picture((0, 10)), -1).astype(int)
    assert np.abs(first.image - expected).mean() < 25


def test_a_video_of_10_bits_has_a_copy_of_8(model: Path, tmp_path: Path) -> None:
    original = clip(tmp_path / "v.mkv", "ffv1", "aac", TIMES, form="yuv420p10le")
    assert not annotate(model, tmp_path / "out", original).problems
    with av.open(str(tmp_path / "out" / "v.mp4")) as made:
        assert made.streams.video[0].format.name == "yuv420p"
        image = next(made.decode(video=0)).to_ndarray(format="rgb24")
    blank = picture()[40:, 60:].astype(int)
    assert np.abs(image[40:, 60:] - blank).mean() < 8
