"""The command `ferkit serve`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ferkit.cli.predict import Detector, Device, ModelName
from ferkit.cli.trust import TrustPlugins
from ferkit.errors import RunError

if TYPE_CHECKING:
    from ferkit.serve.limits import Limits

TOKEN = "FERKIT_TOKEN"
NAME = re.compile(r"[\w.-]+|\[[0-9a-fA-F:.]+\]", re.ASCII)
"""A host in the header Host, without a port."""
Host = Annotated[str, typer.Option(metavar="ADDRESS", help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="The port; 0 for any free one.")]
TokenFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help=f"A file with the token that requests need. [default: ${TOKEN}]"),
]
NoToken = Annotated[
    bool, typer.Option("--no-token", help="Allow requests without a token, also from other machines.")
]
AllowUrls = Annotated[
    str,
    typer.Option(
        "--allow-urls",
        metavar="HOST,...",
        show_default=False,
        help="Hosts whose addresses requests may name. [default: none]",
    ),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        show_default=False,
        help="Accept a name in the header Host, such as a proxy's. Repeatable. [default: names of this "
        "machine; all names on an address that other machines reach]",
    ),
]
MaxBytes = Annotated[
    float, typer.Option("--max-mb", min=0.001, metavar="N", help="Limit of a request, in 10^6 bytes.")
]
MaxPixels = Annotated[
    float,
    typer.Option("--max-megapixels", min=0.001, metavar="N", help="Limit of an image, in 10^6 pixels."),
]
MaxFiles = Annotated[int, typer.Option("--max-files", min=1, metavar="N", help="Limit of files per request.")]
MaxFaces = Annotated[int, typer.Option("--max-faces", min=1, metavar="N", help="Limit of faces per image.")]
MaxFrames = Annotated[
    int, typer.Option("--max-frames", min=1, metavar="N", help="Limit of processed frames per video.")
]
Timeout = Annotated[
    float, typer.Option("--timeout", min=1, metavar="SECONDS", help="Limit of time per request.")
]
Queue = Annotated[
    int, typer.Option("--queue", min=1, metavar="N", help="Limit of requests at the same time.")
]
BatchSize = Annotated[
    int, typer.Option("--batch-size", "-b", min=1, metavar="N", help="Images, and faces, per batch.")
]


def serve(
    model: ModelName = None,
    detector: Detector = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    token_file: TokenFile = None,
    no_token: NoToken = False,
    allow_urls: AllowUrls = "",
    allow_host: AllowHost = None,
    max_mb: MaxBytes = 32,
    max_megapixels: MaxPixels = 50,
    max_files: MaxFiles = 32,
    max_faces: MaxFaces = 100,
    max_frames: MaxFrames = 900,
    timeout: Timeout = 60,
    queue: Queue = 64,
    batch_size: BatchSize = 16,
    device: Device = "auto",
    trust_plugins: TrustPlugins = False,
) -> None:
    """Serve predictions over HTTP, with a page for the browser.

    It needs the extra `serve`. The page is at /, the description of the interface at /docs. Images and videos
    are not stored. On an address that other machines reach, requests need a token. Ctrl-C stops the server.

    Example: ferkit serve --port 8000

    Docs: docs/site/serve.md
    """
    token = _read_token(token_file)
    _check_extra()
    from ferkit.serve.limits import Limits

    limits = Limits(
        megabytes=max_mb,
        megapixels=max_megapixels,
        files=max_files,
        faces=max_faces,
        frames=max_frames,
        seconds=timeout,
        queue=queue,
    )
    _check_token(host, token, no_token)
    urls = [one.strip() for one in allow_urls.split(",") if one.strip()]
    names = [_check_name(one) for one in allow_host or ()]
    _serve(model, detector, host, port, token, urls, names, limits, batch_size, device, trust_plugins)


def _serve(
    model: str | None,
    detector: str | None,
    host: str,
    port: int,
    token: str,
    urls: list[str],
    names: list[str],
    limits: Limits,
    batch_size: int,
    device: str,
    trust_plugins: bool,
) -> None:
    from ferkit.predict.predictor import Predictor
    from ferkit.runtime.malloc import keep_freed
    from ferkit.serve.app import create_app
    from ferkit.serve.server import accepted_hosts, address_of, listen, make_server
    from ferkit.serve.urls import UrlReader

    fetch = UrlReader(urls) if urls else None
    hosts = accepted_hosts(host, names)
    keep_freed()
    with listen(host, port) as opened:
        predictor = Predictor(
            model,
            detector=detector,
            device=device,
            batch_size=batch_size,
            most_faces=limits.faces + 1,
            trust_plugins=trust_plugins,
        )
        app = create_app(predictor, model, limits, token=token, hosts=hosts, fetch=fetch)
        typer.echo(f"model: {predictor.title}", err=True)
        typer.echo(f"page: {address_of(opened)}", err=True)
        try:
            make_server(app, limits).run(sockets=[opened])
        except KeyboardInterrupt:  # the normal way to stop it
            typer.echo("Stopped.", err=True)


def _check_name(name: str) -> str:
    """Return a name of a host in lower case. Raises RunError for a URL, a port or an empty name."""
    from ferkit.messages import printable

    if not NAME.fullmatch(name):
        raise RunError(
            f"Cannot use --allow-host {printable(name)!r}: expected a name without a scheme and a port, such "
            "as faces.example.org, or an IPv6 address in brackets."
        )
    return name.lower()


def _read_token(file: Path | None) -> str:
    """Read the token from the file, or else from the environment."""
    if file is None:
        return os.environ.get(TOKEN, "").strip()
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise RunError(f"Cannot read --token-file {file}: {reason}.") from error
    if not token:
        raise RunError(f"Cannot use --token-file {file}: it is empty. Expected a token.")
    return token


def _check_token(host: str, token: str, no_token: bool) -> None:
    from ferkit.serve.server import is_loopback

    if not (token or no_token or is_loopback(host)):
        raise RunError(
            f"Cannot listen on {host} without a token: other machines could send requests. Set ${TOKEN}, "
            "give --token-file, or allow it with --no-token."
        )


def _check_extra() -> None:
    """Raises RunError if a package of the extra is missing."""
    try:
        import fastapi  # noqa: F401
        import prometheus_client  # noqa: F401
        import python_multipart  # noqa: F401
        import urllib3  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise RunError(
            f'Cannot start the server: {error.name} is not installed. Run: pip install "ferkit[serve]".'
        ) from error
