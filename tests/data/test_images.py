"""Images of every kind come in as the RGB that a person sees."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps
from skimage.data import astronaut

from ferkit.data.images import decode_image, image_sha256, read_image
from ferkit.errors import DataError

RAMP = np.repeat(np.linspace(0, 255, 20).round().astype(np.uint8)[None], 10, axis=0)
"""Wider than high, dark on the left: turning it shows."""


def save(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


def grey(pixels: np.ndarray) -> np.ndarray:
    return np.repeat(pixels[:, :, None], 3, axis=2)


def test_grey_becomes_three_equal_channels(tmp_path: Path) -> None:
    image = read_image(save(Image.fromarray(RAMP), tmp_path / "grey.png"))
    assert image.dtype == np.uint8
    assert np.array_equal(image, grey(RAMP))


def test_sixteen_bits_keep_their_upper_eight(tmp_path: Path) -> None:
    deep = Image.fromarray(RAMP.astype(np.uint16) * 257)
    assert np.array_equal(read_image(save(deep, tmp_path / "deep.png")), grey(RAMP))


def test_eight_bits_in_a_wide_file_are_not_darkened(tmp_path: Path) -> None:
    shallow = Image.fromarray(RAMP.astype(np.int32))
    assert np.array_equal(read_image(save(shallow, tmp_path / "wide.tif")), grey(RAMP))


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    rgba = np.zeros((4, 4, 4), dtype=np.uint8)
    rgba[:2, :, 3] = 255
    image = read_image(save(Image.fromarray(rgba), tmp_path / "clear.png"))
    assert (image[:2] == 0).all()
    assert (image[2:] == 255).all()


def test_a_palette_with_a_transparent_colour_lies_on_white_too(tmp_path: Path) -> None:
    palette = Image.fromarray(RAMP).convert("P")
    image = read_image(save(palette, tmp_path / "palette.gif", transparency=0))
    assert (image[:, 0] == 255).all()
    assert (image[:, 1] < 60).all()


def test_cmyk_is_converted(tmp_path: Path) -> None:
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    image = read_image(save(red, tmp_path / "print.jpg", quality=100))
    assert (np.abs(image.astype(int) - (255, 0, 0)) <= 4).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_held_in_any_way_gives_an_upright_picture(tmp_path: Path, orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = Image.fromarray(RAMP)
    if orientation in undo:
        stored = stored.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = read_image(save(stored, tmp_path / "turned.png", exif=exif))
    assert np.array_equal(image, grey(RAMP))


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for suffix in ("png", "jpg"):
        path = save(Image.fromarray(noise), tmp_path / f"half.{suffix}")
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(DataError, match=rf"half\.{suffix}: it can't be read as an image"):
            read_image(path)


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("not a picture")
    (tmp_path / "empty.png").write_bytes(b"")
    for name in ("notes.jpg", "empty.png"):
        with pytest.raises(DataError, match=rf"{name}: it is not an image"):
            read_image(tmp_path / name)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.png: there is no such file"):
        read_image(tmp_path / "gone.png")
    with pytest.raises(DataError, match=r"gone\.png: it can't be read"):
        image_sha256(tmp_path / "gone.png")


def test_an_image_that_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(Image.fromarray(RAMP), tmp_path / "vast.png")
    monkeypatch.setenv("FERKIT_MAX_PIXELS", "150")
    with pytest.raises(DataError, match=r"vast\.png: .*pixels"):
        read_image(path)


def test_the_hash_is_of_the_files_bytes(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    # The example of FIPS 180-2, appendix B.1.
    assert image_sha256(tmp_path / "abc").startswith("ba7816bf8f01cfea")


def test_an_image_above_pillows_limit_is_read_and_the_limit_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(Image.fromarray(RAMP), tmp_path / "phone.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    assert read_image(path).shape == (10, 20, 3)
    assert Image.MAX_IMAGE_PIXELS == 50


@pytest.mark.parametrize("orientation", range(10))
def test_every_orientation_is_that_of_pillow(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(Image.fromarray(grey(RAMP)), tmp_path / "a.png", exif=exif)
    with Image.open(path) as image:
        assert np.array_equal(read_image(path), np.asarray(ImageOps.exif_transpose(image)))


def test_damaged_exif_data_are_ignored_without_a_warning(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    path = save(Image.fromarray(grey(RAMP)), tmp_path / "a.jpg", quality=100)
    directory = b"Exif\0\0II*\0\x08\0\0\0" + b"\xd0\x07" + b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"
    content = path.read_bytes()
    block = b"\xff\xe1" + (len(directory) + 2).to_bytes(2, "big") + directory
    path.write_bytes(content[:2] + block + content[2:])
    assert read_image(path).shape == (20, 10, 3)
    assert not recwarn.list


def test_a_limit_that_is_no_number_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERKIT_MAX_PIXELS", "many")
    with pytest.raises(DataError, match=r"FERKIT_MAX_PIXELS.*'many'"):
        read_image(save(Image.fromarray(RAMP), tmp_path / "a.png"))


@pytest.mark.parametrize("scale", [1 / 255, 1.0, 257.0])
def test_floats_have_the_scale_of_their_largest_value(tmp_path: Path, scale: float) -> None:
    wide = Image.fromarray((RAMP * scale).astype(np.float32))
    assert np.array_equal(read_image(save(wide, tmp_path / "wide.tif")), grey(RAMP))


@pytest.mark.parametrize("odd", [-1.0, 70_000.0, float("nan")])
def test_values_of_an_unknown_scale_are_refused_with_their_range(tmp_path: Path, odd: float) -> None:
    values = RAMP.astype(np.float32)
    values[0, 0] = odd
    with pytest.raises(DataError, match=rf"odd\.tif: .*{odd:g}.*expected 0\.\.1"):
        read_image(save(Image.fromarray(values), tmp_path / "odd.tif"))


def test_a_heif_image_is_read(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.fromarray(grey(RAMP)).resize((160, 80))).save(tmp_path / "phone.heic", quality=100)
    image = read_image(tmp_path / "phone.heic")
    assert image.shape == (80, 160, 3)
    assert image[:, -4:].mean() > 230 > 25 > image[:, :4].mean()


def test_a_heif_image_without_its_reader_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (tmp_path / "phone.HEIC").write_bytes(b"ftypheic")
    with pytest.raises(DataError, match=r"phone\.HEIC: .*ferkit\[heif\]"):
        read_image(tmp_path / "phone.HEIC")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("read", [read_image, image_sha256])
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path: Path, read: Callable[[Path], object]) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(DataError, match=r"pipe\.jpg: it is a named pipe"):
        read(tmp_path / "pipe.jpg")


@pytest.mark.parametrize("name", ["x.eps", "x.png"])
def test_an_image_that_another_program_draws_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / name, "EPS")
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *_, **__: pytest.fail("Ghostscript ran"))
    with pytest.raises(DataError, match=f"{name}: it is a file of EPS"):
        read_image(tmp_path / name)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("orientation", [None, *range(1, 9)])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_a_jpeg_has_the_pixels_of_pillow(mode: str, orientation: int | None, subsampling: int) -> None:
    exif = Image.Exif()
    if orientation:
        exif[ExifTags.Base.Orientation] = orientation
    content = BytesIO()
    picture = Image.fromarray(astronaut()[:131, 100:333]).convert(mode)
    picture.save(content, "JPEG", exif=exif, subsampling=subsampling, quality=85)
    with Image.open(content) as image:
        expected = np.array(ImageOps.exif_transpose(image).convert("RGB"))
    found = decode_image(content.getvalue())
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert found.flags.c_contiguous


@pytest.mark.parametrize("fraction", [0.3, 0.9, 0.999])
def test_a_truncated_jpeg_is_an_error(fraction: float) -> None:
    content = BytesIO()
    Image.fromarray(astronaut()).save(content, "JPEG")
    whole = content.getvalue()
    with pytest.raises(DataError, match=r"truncated|can't be read"):
        decode_image(whole[: int(fraction * len(whole))])


def test_a_jpeg_with_a_foreign_block_is_an_error() -> None:
    content = BytesIO()
    Image.fromarray(astronaut()).save(content, "JPEG")
    whole = bytearray(content.getvalue())
    whole[12_000:20_000] = np.random.default_rng(0).bytes(8_000)
    assert whole.endswith(b"\xff\xd9")
    with pytest.raises(DataError, match="can't be read"):
        decode_image(bytes(whole))


def test_a_jpeg_with_further_bytes_is_read() -> None:
    content = BytesIO()
    Image.fromarray(astronaut()).save(content, "JPEG")
    whole = content.getvalue()
    assert np.array_equal(decode_image(whole + b"further"), decode_image(whole))
