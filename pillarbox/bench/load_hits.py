"""The load generator as readers of mail: GET of pixels and tracked links over keep-alive connections."""

from functools import lru_cache
from pathlib import Path

from typing_extensions import override

from pillarbox.bench.load_http import HttpConnection

_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
_GOOD = (b"200", b"302")


class HitConnection(HttpConnection):
    """One keep-alive connection with one request at a time; the plan's file of paths says what is asked for."""

    @override
    def send(self, first: int, count: int) -> None:
        plan = self._work.plan
        self._asked = count
        self._begun_at = self._work.due(first)
        head = f"Host: 127.0.0.1:{plan.port}\r\nUser-Agent: {_AGENT}\r\nAccept: image/*\r\n\r\n"
        assert self._transport is not None
        path = _paths(plan.paths)[plan.first + first]
        self._transport.write(f"GET {path} HTTP/1.1\r\n{head}".encode())

    @override
    def _settle(self, answer: bytes, body: bytes) -> None:
        self._asked = 0
        is_good = answer[9:12] in _GOOD
        failure = "" if is_good else f"{answer[:12].decode()}: {body[:200].decode()}"
        self._work.done(
            self._begun_at, accepted=int(is_good), failed=int(not is_good), failure=failure
        )
        self._work.ready(self)


@lru_cache(maxsize=1)
def _paths(file: str) -> list[str]:
    return Path(file).read_text("ascii").splitlines()
