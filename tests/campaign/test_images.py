"""Damaged images and videos: each comes as a row or as an InputError. Nothing raises, crashes or hangs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.campaign.campaign import Campaign, damage
from tests.campaign.conftest import Start
from tests.campaign.media import make_files, make_videos
from tests.campaign.models import write_model
from tests.campaign.watchdog import predict_all

IMAGES = 10_000
VIDEOS = 1_000
AT_ONCE = 1_000


def test_damaged_images_are_all_accounted_for(start: Start, tmp_path: Path) -> None:
    predict_damaged(start("damaged images"), make_files(), IMAGES, tmp_path)


def test_damaged_videos_are_all_accounted_for(start: Start, tmp_path: Path) -> None:
    predict_damaged(start("damaged videos"), make_videos(), VIDEOS, tmp_path)


def predict_damaged(campaign: Campaign, whole: Mapping[str, bytes], count: int, folder: Path) -> None:
    model = write_model(folder / "model.safetensors")
    numbers = campaign.scaled(count)
    for first in range(0, len(numbers), AT_ONCE):
        files = []
        for number in numbers[first : first + AT_ONCE]:
            name = campaign.random.choice(list(whole))
            file = folder / "damaged" / f"{number} {name}"
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(damage(whole[name], campaign.random))
            files.append(file)
        answers, ends = predict_all(model, files)
        campaign.tried += len(files)
        for name, reason in ends:
            campaign.add_fault(name, reason)
        for name, found in answers.items():
            if odd := [one for one in found if one[0] not in ("row", "InputError")]:
                campaign.add_fault(name, str(odd))
        for file in files:
            if str(file) not in {name for name, _ in ends}:
                file.unlink()
    campaign.check()


def test_whole_files_give_rows_alone(start: Start, tmp_path: Path) -> None:
    """Without this, a worker that refuses everything would pass."""
    campaign = start("whole files")
    model = write_model(tmp_path / "model.safetensors")
    for name, content in {**make_files(), **make_videos()}.items():
        (tmp_path / name).write_bytes(content)
    files = [tmp_path / name for name in {**make_files(), **make_videos()}]
    answers, ends = predict_all(model, files)
    for file in files:
        with campaign.trial(file.name):
            assert answers[str(file)]
            assert {kind for kind, *_ in answers[str(file)]} == {"row"}, answers[str(file)]
    assert ends == []
    campaign.check()
