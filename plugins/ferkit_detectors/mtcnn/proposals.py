"""First stage of the cascade: P-Net on every 12-pixel window of an image pyramid."""

from __future__ import annotations

from dataclasses import replace

from ferkit_detectors.mtcnn.area import resize
from ferkit_detectors.mtcnn.boxes import Candidates, make_square, shift, suppress
from ferkit_detectors.mtcnn.runtime import Array, Runtime

WINDOW, STRIDE = 12, 2
LEVEL_OVERLAP, OVERLAP = 0.5, 0.7


def pyramid(size: tuple[int, int], min_face_size: int, factor: float) -> list[float]:
    """Return the scales at which faces from the minimum size up to the whole image fill a window."""
    scale = WINDOW / min_face_size
    side = min(size) * scale
    scales = []
    while side >= WINDOW:
        scales.append(scale)
        scale, side = scale * factor, side * factor
    return scales


def propose(runtime: Runtime, sums: Array, scales: list[float], threshold: float) -> Candidates:
    """Return square candidates of all images, given their summed areas (N, H + 1, W + 1, 3)."""
    xp, device = runtime.xp, runtime.device
    levels = [_windows(runtime, sums, scale, threshold) for scale in scales]
    counts = xp.asarray([len(level) for level in levels], device=device)
    numbers = xp.repeat(xp.arange(len(levels), device=device), counts)
    windows = Candidates.joined(xp, levels)
    kept = suppress(runtime, windows, windows.images * len(levels) + numbers, LEVEL_OVERLAP)
    kept = suppress(runtime, kept, kept.images, OVERLAP)
    return replace(kept, boxes=make_square(xp, shift(xp, kept.boxes, kept.values, extra=0)))


def _windows(runtime: Runtime, sums: Array, scale: float, threshold: float) -> Candidates:
    """Return one level's windows above the threshold; values: offsets of their edges."""
    xp = runtime.xp
    count, height, width = sums.shape[0], sums.shape[1] - 1, sums.shape[2] - 1
    size = int(height * scale + 1), int(width * scale + 1)
    # Rows of P-Net's output: two pixels less, then half of them, rounded up, then four less.
    rows = (size[0] - 1) // STRIDE - 4
    step = max(1, runtime.strip // (count * size[1] * STRIDE))
    strips = []
    for first in range(0, rows, step):
        last = min(first + step, rows)
        seen = slice(STRIDE * first, STRIDE * last + WINDOW - STRIDE)
        scores, features = runtime.pnet(resize(runtime, sums, size, seen))
        found = xp.nonzero(scores >= threshold)
        images, y, x = found
        corners = xp.astype(xp.stack([x, y + first], axis=1), scores.dtype) * STRIDE
        boxes = xp.floor(xp.concat([(corners + 1) / scale, (corners + WINDOW) / scale], axis=1))
        strips.append(Candidates(boxes, scores[found], images, runtime.pnet.offsets(features[found])))
    return Candidates.joined(xp, strips)
