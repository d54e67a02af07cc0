"""Upload an exported model to the Hub: the model file, config.json and the card, in one commit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ferkit.errors import RunError
from ferkit.messages import shorten
from ferkit.predict.card.config import describe_config
from ferkit.predict.card.facts import Facts
from ferkit.predict.card.render import render_card
from ferkit.predict.hub.download import CARD, CONFIG, LOG_IN, SUFFIXES
from ferkit.runtime.hub_reference import HubReference, read_reference


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A repository after its commit.

    Attributes:
        url: Address of the repository.
        reference: The model with its commit.
    """

    url: str
    reference: HubReference


def prepare_upload(target: str, suffix: str) -> HubReference:
    """Check the target of an upload before the export begins.

    Args:
        target: hf://USER/NAME.
        suffix: Of the exported file.

    Raises:
        RunError: The target has another form, the Hub takes no file of this kind, or there is no token.
    """
    from huggingface_hub import constants, get_token

    reference = read_reference(target)
    if reference.revision or reference.file:
        raise RunError(
            f"Cannot push to {reference}: expected hf://USER/NAME. ferkit commits to the main branch."
        )
    if suffix not in SUFFIXES:
        raise RunError(
            f"Cannot push a {suffix} file: it may run code. Give --out a name that ends in "
            f"{' or '.join(SUFFIXES)}."
        )
    if constants.HF_HUB_OFFLINE:
        raise RunError(f"Cannot push to {reference}: HF_HUB_OFFLINE is set. Unset it.")
    if not get_token():
        raise RunError(f"Cannot push to {reference}: there is no token for the Hub. To log in, {LOG_IN}")
    return reference


def push_model(card: Facts, target: HubReference, *, is_private: bool = False) -> Uploaded:
    """Create the repository if it does not exist, and commit the model, its configuration and its card.

    Args:
        card: The model and the contents of its card.
        target: From `prepare_upload`.
        is_private: Create a private repository.

    Raises:
        RunError: The Hub refuses or cannot be reached, or the repository is public and should be private.
    """
    card = replace(card, repository=target.repository)
    config = json.dumps(describe_config(Path(card.file_name), card.description), indent=2) + "\n"
    files: dict[str, Path | bytes] = {card.file_name: card.file}
    files |= {CONFIG: config.encode(), CARD: render_card(card).encode()}
    return commit_files(target, files, "model", "Add a model exported by ferkit", is_private)


def commit_files(
    target: HubReference,
    files: Mapping[str, Path | bytes],
    kind: str,
    message: str,
    is_private: bool,
    **options: Any,
) -> Uploaded:
    """Create a repository if it does not exist, and commit files to its main branch.

    Args:
        target: The repository.
        files: Name in the repository to file or content.
        kind: "model" or "space".
        message: Of the commit.
        is_private: Create a private repository.
        **options: Further options of `HfApi.create_repo`.

    Raises:
        RunError: As for `push_model`.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    hub, repository = HfApi(), target.repository
    operations = [
        CommitOperationAdd(name, file if isinstance(file, bytes) else str(file))
        for name, file in files.items()
    ]
    with _explained(target):
        made = hub.create_repo(repository, repo_type=kind, private=is_private, exist_ok=True, **options)
        if is_private and not hub.repo_info(repository, repo_type=kind).private:
            raise RunError(
                f"Cannot push to {target} with --private: it exists and is public. Nothing was uploaded. "
                "Make it private in its settings, or leave out --private."
            )
        commit = hub.create_commit(
            repository, operations, repo_type=kind, commit_message=message, revision="main"
        )
    return Uploaded(str(made), replace(target, revision=commit.oid))


@contextmanager
def _explained(target: HubReference) -> Iterator[None]:
    """Word errors of the Hub."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except RunError:
        raise
    except Exception as error:
        status = getattr(getattr(error, "response", None), "status_code", 0)
        detail = shorten(getattr(error, "server_message", None) or error, 200)
        if isinstance(error, HfHubHTTPError) and status == 401:
            reason = f"the Hub refuses the token. Check it, or {LOG_IN}"
        elif isinstance(error, HfHubHTTPError) and status == 403:
            reason = f"the token may not write there ({detail}). Use a token with the right to write"
        else:
            reason = f"{type(error).__name__}: {detail}. Try again"
        raise RunError(f"Cannot push to {target}: {reason}.") from error
