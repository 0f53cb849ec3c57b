"""A hosted board's API as the command line uses it: resumable uploads, one submission, its state. Knows no Django."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

TRIES = 6
TIMEOUT_S = 120
Say = Callable[[int], object]


class SiteError(Exception):
    """The site's answer as one sentence with its remedy; `is_wrong_use` where the caller has to change something."""

    def __init__(self, sentence: str, remedy: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(f"{sentence} {remedy}".strip())
        self.status, self.code = status, code

    @property
    def is_wrong_use(self) -> bool:
        return self.status in (400, 401, 403, 404, 422)


@dataclass(slots=True)
class Site:
    address: str  # https://board.example.org
    token: str
    pause: Callable[[float], object] = time.sleep
    session: requests.Session = field(default_factory=requests.Session)

    def ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **sent: Any) -> dict[str, Any]:
        """Again while the site is away or busy: a POST carries an Idempotency-Key, a piece its offset."""
        address = path if path.startswith("http") else f"{self.address.rstrip('/')}/api/v1/{path}"
        sent_headers = {"Authorization": f"Token {self.token}", **(headers or {})}
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            try:
                answer = self.session.request(
                    method, address, headers=sent_headers, timeout=TIMEOUT_S, allow_redirects=False, **sent
                )
            except (requests.ConnectionError, requests.Timeout) as error:
                if last:
                    raise SiteError(f"{self.address} does not answer: {error}.", "Try again later.") from None
                self.pause(2**attempt)
                continue
            is_busy = answer.status_code >= 500 or (answer.status_code == 429 and "Retry-After" in answer.headers)
            if last or not is_busy:
                return _read(answer)
            self.pause(min(float(answer.headers.get("Retry-After", 2**attempt)), 60))
        raise AssertionError("the last try returns or raises")

    def upload(self, archive: Path, team: str, *, told: Say) -> str:
        """The id of a complete upload of this archive; goes on with one that was broken off."""
        size, sha256 = archive.stat().st_size, _sha256(archive)
        draft = {"team": team, "name": archive.name, "size_bytes": size, "sha256": sha256}
        upload = next(self._unfinished(draft), None) or self.ask(
            "POST", "uploads/", json=draft, headers={"Idempotency-Key": f"{sha256[:40]}-{time.time_ns()}"}
        )
        with archive.open("rb") as file:
            while upload["state"] == "open":
                told(upload["received_bytes"])
                upload = self._send_piece(upload, file)
        told(size)
        return str(upload["id"])

    def _unfinished(self, draft: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for upload in self.ask("GET", "uploads/?page_size=500")["results"]:
            if upload["state"] == "open" and all(upload[name] == draft[name] for name in draft):
                yield upload

    def _send_piece(self, upload: dict[str, Any], file: Any) -> dict[str, Any]:
        path, offset = f"uploads/{upload['id']}/", upload["received_bytes"]
        file.seek(offset)
        headers = {"Upload-Offset": str(offset), "Content-Type": "application/octet-stream"}
        try:
            return self.ask("PATCH", path, data=file.read(upload["piece_bytes"]), headers=headers)
        except SiteError as error:
            if error.code not in ("wrong_offset", "busy"):  # a piece that arrived although its answer did not
                raise
            self.pause(1)
            return self.ask("GET", path)


def _read(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json() if answer.content else {}
    except requests.JSONDecodeError:
        body = None
    if not isinstance(body, dict) or 300 <= answer.status_code < 400:
        raise SiteError(
            f"{answer.url} answers {answer.status_code} and is no board of ours.", "Check --site.", status=404
        )
    if answer.ok:
        return body
    raise SiteError(
        str(body.get("detail", answer.reason)),
        str(body.get("remedy", "")),
        status=answer.status_code,
        code=str(body.get("code", "")),
    )


def _sha256(archive: Path) -> str:
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
