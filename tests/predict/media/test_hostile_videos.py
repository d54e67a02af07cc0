"""Files that name other files or addresses, in their content or by their name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ferkit.predict.media.frames import Frame, Read, read_frames
from ferkit.predict.media.sources import InputError, find_sources
from tests.predict.drawn import picture, write_video


def read(*inputs: str | Path) -> Sequence[Read]:
    return list(read_frames(find_sources(inputs), 1))


@pytest.mark.parametrize("name", ["x.mp4", "x.m3u8", "x.unknown"])
@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9.0,\nother.mp4\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile other.mp4\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    ],
)
def test_a_playlist_does_not_open_the_files_that_it_names(tmp_path: Path, name: str, text: str) -> None:
    write_video(tmp_path / "other.mp4", [picture()] * 3)
    (tmp_path / name).write_text(text)
    (found,) = read(tmp_path / name)
    assert isinstance(found, InputError)
    assert found.file == str(tmp_path / name)


@pytest.mark.parametrize(
    "name",
    [
        "tcp:127.0.0.1:9.mp4",
        "http:x.mp4",
        "concat:a|b.mp4",
        "pipe:.mp4",
        "data:x.mp4",
        "%03d.mp4",
        "café.mp4",
    ],
)
def test_a_name_like_an_address_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "plain.mp4", [picture()] * 3)
    (tmp_path / "plain.mp4").rename(tmp_path / name)
    for given in (name, "."):
        found = read(given)
        assert [one.file for one in found if isinstance(one, Frame)] == [name] * 3
        assert len(found) == 3


def test_a_text_called_a_video_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_text("ffconcat version 1.0\nfile other.mp4\n")
    (found,) = read(tmp_path / "x.mp4")
    assert isinstance(found, InputError)
    assert "a format that is not supported" in found.reason
