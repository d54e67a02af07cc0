"""A Hub on loopback, in a thread: what huggingface_hub asks for models, commits and Spaces."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

TOKEN = "hf_of_the_tests"
INVALID = "Invalid credentials in Authorization header"


@dataclass
class Repository:
    """The commits of a repository: their files, and the branches and tags that name them."""

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    revisions: dict[str, str] = field(default_factory=dict)
    is_private: bool = False
    is_gated: bool = False

    def commit(self, files: dict[str, bytes], *revisions: str) -> str:
        """Add files to those of the first revision."""
        names = revisions or ("main",)
        whole = {**self.files.get(self.revisions.get(names[0], ""), {}), **files}
        commit = hashlib.sha1(f"{len(self.files)} {sorted(whole)}".encode()).hexdigest()
        self.files[commit] = whole
        self.revisions |= dict.fromkeys(names, commit)
        return commit

    def find(self, revision: str) -> str | None:
        return revision if revision in self.files else self.revisions.get(revision)


@dataclass
class FakeHub:
    """The repositories, by "models/USER/NAME" or "spaces/USER/NAME", and what was asked."""

    url: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    truncated: set[str] = field(default_factory=set)
    status: int = 0
    """An answer to everything, such as 503."""

    def add(self, name: str, files: dict[str, bytes], *revisions: str) -> str:
        return self.repositories.setdefault(f"models/{name}", Repository()).commit(files, *revisions)


@contextmanager
def serve(patch: pytest.MonkeyPatch, cache: str, token: str | None = None) -> Iterator[FakeHub]:
    """Answer on loopback, and let huggingface_hub ask there, with a cache of its own."""
    hub = FakeHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    patch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
    template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
    patch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    patch.setattr("huggingface_hub.constants.HF_HUB_CACHE", cache)
    patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    patch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", f"{cache}/token")
    patch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    patch.setenv("HF_TOKEN", token or "")
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None: ...

    def do_HEAD(self) -> None:
        self._get()

    def do_GET(self) -> None:
        self._get()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"POST {path}")
        if self.hub.status:
            self._say(self.hub.status)
        elif path == "/api/validate-yaml":
            self._say(200, {"errors": [], "warnings": []})
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._say(401, message=INVALID)
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif found := re.fullmatch(r"/api/((models|spaces)/[^/]+/[^/]+)/preupload/(.+)", path):
            files = json.loads(body)["files"]
            self._say(
                200, {"files": [{**one, "uploadMode": "regular", "shouldIgnore": False} for one in files]}
            )
        elif found := re.fullmatch(r"/api/((models|spaces)/[^/]+/[^/]+)/commit/(.+)", path):
            lines = [json.loads(line) for line in body.splitlines()]
            files = {
                one["value"]["path"]: base64.b64decode(one["value"]["content"])
                for one in lines
                if one["key"] == "file"
            }
            commit = self.hub.repositories[found[1]].commit(files, found[3])
            url = f"{self.hub.url}/{found[1].removeprefix('models/')}/commit/{commit}"
            self._say(200, {"commitUrl": url, "commitOid": commit, "success": True})
        else:
            self._say(404)

    def _create(self, wish: dict[str, Any]) -> None:
        kind = f"{wish.get('type') or 'model'}s"
        owner = wish.get("organization") or "me"
        if owner == "others":
            self._say(403, {"error": "Forbidden"}, message="You don't have the rights")
            return
        name = f"{kind}/{owner}/{wish['name']}"
        known = name in self.hub.repositories
        if not known:
            private = wish.get("private") or wish.get("visibility") == "private"
            self.hub.repositories[name] = Repository(is_private=bool(private))
            self.hub.repositories[name].commit({".gitattributes": b""})
        url = f"{self.hub.url}/{name.removeprefix('models/')}"
        self._say(409 if known else 200, {"url": url, "name": f"{owner}/{wish['name']}"})

    def _get(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        info = re.fullmatch(r"/api/((?:models|spaces)/[^/]+/[^/]+)(?:/revision/(.+))?", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/(refs/pr/\d+|[^/]+)/(.+)", path)
        if self.hub.status:
            self._say(self.hub.status)
        elif info:
            if found := self._find(info[1], info[2] or "main"):
                repository, commit = found
                names = [{"rfilename": name} for name in repository.files[commit]]
                known = {"id": info[1].split("/", 1)[1], "sha": commit, "private": repository.is_private}
                self._say(200, {**known, "siblings": names})
        elif file and (found := self._find(f"models/{file[1]}", file[2])):
            repository, commit = found
            if file[3] not in repository.files[commit]:
                self._say(404, code="EntryNotFound")
            else:
                self._send(repository.files[commit][file[3]], commit, file[3])
        elif not file:
            self._say(404)

    def _find(self, name: str, revision: str) -> tuple[Repository, str] | None:
        """Find a commit, or answer that there is none."""
        repository = self.hub.repositories.get(name)
        is_known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if self.headers.get("Authorization") and not is_known:
            self._say(401, message=INVALID)
        elif repository is None or (repository.is_private and not is_known):
            self._say(404 if is_known else 401, code="RepoNotFound")
        elif repository.is_gated:
            self._say(403, code="GatedRepo")
        elif (commit := repository.find(revision)) is None:
            self._say(404, code="RevisionNotFound")
        else:
            return repository, commit
        return None

    def _send(self, content: bytes, commit: str, name: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Repo-Commit", commit)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content[: len(content) // 2] if name in self.hub.truncated else content)
            if name in self.hub.truncated:
                self.close_connection = True

    def _say(self, status: int, body: Any = None, code: str = "", message: str = "") -> None:
        text = json.dumps(body or {"error": message or code}).encode()
        self.send_response(status)
        for key, value in (("X-Error-Code", code), ("X-Error-Message", message)):
            if value:
                self.send_header(key, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)
