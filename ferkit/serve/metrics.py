"""The numbers of `GET /metrics`, for Prometheus."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

BATCHES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "ferkit_requests_total", "Requests for predictions.", ["status"], registry=self.registry
        )
        self.seconds = Histogram(
            "ferkit_request_seconds", "Time of a request for predictions.", registry=self.registry
        )
        self.waiting = Gauge(
            "ferkit_requests_in_progress", "Requests that wait or are processed.", registry=self.registry
        )
        self.images = Counter("ferkit_images_total", "Processed images.", registry=self.registry)
        self.frames = Counter("ferkit_frames_total", "Processed video frames.", registry=self.registry)
        self.faces = Counter("ferkit_faces_total", "Faces found.", registry=self.registry)
        self.problems = Counter(
            "ferkit_problems_total", "Files that could not be processed.", registry=self.registry
        )
        self.batches = Histogram(
            "ferkit_batch_images", "Images in a batch.", buckets=BATCHES, registry=self.registry
        )

    def render(self) -> bytes:
        """Return the numbers in the text format of Prometheus."""
        return generate_latest(self.registry)
