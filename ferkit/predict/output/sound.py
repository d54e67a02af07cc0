"""Copy the sound of a video into its annotated copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from ferkit.predict.media.video import open_video

if TYPE_CHECKING:
    from av.packet import Packet

COPIED = ("aac", "ac3", "alac", "eac3", "flac", "mp3", "opus")
"""Codecs that MP4 files hold. Packets of others are encoded again, as AAC."""
SoundPacket: TypeAlias = "Packet[AudioStream]"
RATE = 48_000
"""Sample rate of AAC where the source has none that AAC has, in Hz."""
AAC_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000)


class Sound:
    """The first sound track of a video, whose times count from the first frame.

    Args:
        path: The video.
        copy: The container of the annotated copy, before its first packet is written.
    """

    def __init__(self, path: Path, copy: OutputContainer) -> None:
        self._problems: list[str] = []
        self._copy = copy
        self._time = 0.0
        self._packets: Iterator[tuple[float, SoundPacket]] = iter(())
        self._waiting: tuple[float, SoundPacket] | None = None
        try:
            source = open_video(path)
            if source.streams.audio:
                self._packets = self._read(source, source.streams.audio[0])
        except (av.FFmpegError, ValueError) as error:
            self._fail(error)

    def write_until(self, time: float) -> None:
        """Write the packets that start before a time, in seconds."""
        try:
            while one := self._waiting or next(self._packets, None):
                self._waiting = one
                if one[0] >= time:
                    return
                self._copy.mux(one[1])
                self._time, self._waiting = one[0], None
        except (av.FFmpegError, ValueError) as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._packets, self._waiting = iter(()), None
        reason = getattr(error, "strerror", None) or error
        self._problems.append(f"the sound is missing after {self._time:.2f} s: {reason}")

    def take_problems(self) -> list[str]:
        """Return why the sound ends early, once."""
        problems, self._problems = self._problems, []
        return problems

    def _read(self, source: InputContainer, stream: AudioStream) -> Iterator[tuple[float, SoundPacket]]:
        """Return the packets with their times. The stream of the copy is added at once."""
        name = stream.codec_context.name
        is_copied = name.removesuffix("float") in COPIED
        if is_copied:
            return self._copied(source, stream, self._copy.add_stream_from_template(stream))
        return self._encoded(source, stream, self._copy.add_stream("aac", rate=_aac_rate(stream.rate)))

    def _copied(
        self, source: InputContainer, stream: AudioStream, target: AudioStream
    ) -> Iterator[tuple[float, SoundPacket]]:
        start = _start_of(source)
        for packet in source.demux(stream):
            if packet.pts is None or packet.dts is None or packet.time_base is None:
                continue
            time = float(packet.pts * packet.time_base) - start
            if time < 0:
                continue
            shift = round(start / packet.time_base)
            packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, target
            yield time, packet

    def _encoded(
        self, source: InputContainer, stream: AudioStream, target: AudioStream
    ) -> Iterator[tuple[float, SoundPacket]]:
        start = _start_of(source)
        for frame in source.decode(stream):
            if frame.pts is None or frame.time_base is None or frame.pts * frame.time_base < start:
                continue
            frame.pts -= round(start / frame.time_base)
            yield from _timed(target.encode(frame))
        yield from _timed(target.encode(None))


def _timed(packets: list[SoundPacket]) -> Iterator[tuple[float, SoundPacket]]:
    for packet in packets:
        if packet.pts is not None and packet.time_base is not None:
            yield max(float(packet.pts * packet.time_base), 0.0), packet


def _start_of(source: InputContainer) -> float:
    """Return the time of the video's first frame, in seconds."""
    video = source.streams.video[0]
    return float((video.start_time or 0) * (video.time_base or 0))


def _aac_rate(rate: int | None) -> int:
    """Return the rate if AAC has it, or else the usual one, to which the sound is resampled."""
    return rate if rate in AAC_RATES else RATE
