"""The files of static/, served from memory under names with their hash: browsers keep them for ever."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

PREFIX = "/static/"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_KEPT_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    content: bytes
    zipped: bytes
    media_type: str
    etag: str


class Assets:
    """Serves the files of a directory; `url` gives a file's address."""

    def __init__(self, directory: Path) -> None:
        self._urls: dict[str, str] = {}
        self._files: dict[str, _File] = {}
        for path in sorted(directory.iterdir()):
            if path.suffix in _TYPES:
                self._add(path)

    def url(self, name: str) -> str:
        """The address of a file. Raises KeyError when there is none."""
        return self._urls[name]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        await self._answer(scope["path"], Headers(scope=scope))(scope, receive, send)

    def _add(self, path: Path) -> None:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:16]
        url = f"{PREFIX}{path.stem}.{digest}{path.suffix}"
        self._urls[path.name] = url
        self._files[url] = _File(
            content=content,
            zipped=gzip.compress(content, 9, mtime=0),
            media_type=_TYPES[path.suffix],
            etag=f'"{digest}"',
        )

    def _answer(self, url: str, headers: Headers) -> Response:
        file = self._files.get(url)
        if file is None:
            return PlainTextResponse("There is no such file.\n", 404)
        facts = {"ETag": file.etag, "Cache-Control": _KEPT_FOR_EVER, "Vary": "Accept-Encoding"}
        if file.etag in headers.get("if-none-match", ""):
            return Response(status_code=304, headers=facts)
        if "gzip" not in headers.get("accept-encoding", ""):
            return Response(file.content, media_type=file.media_type, headers=facts)
        facts["Content-Encoding"] = "gzip"
        return Response(file.zipped, media_type=file.media_type, headers=facts)
