"""A reverse proxy that counts what passes and makes things go wrong on command.

with Proxy(dsa.stack.root_url) as proxy:
    client = GirderClient(apiUrl=f"{proxy.url}/api/v1")
    fault = proxy.inject(Fault("/tiles/region", status=503, times=2))
    …
    assert fault.hits == 2
    assert proxy.peak <= budget              # requests under way at once
    assert len(proxy.seen("/tiles/", "GET")) < 40
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from tests.support.dsa.forwarding import ForwardingServer
from tests.support.dsa.traffic import Exchange, Fault, Traffic

__all__ = ["Exchange", "Fault", "Proxy"]


class Proxy(Traffic):
    """Forwards to `upstream` (http, host, port) from a free loopback port; a context manager."""

    def __init__(self, upstream: str) -> None:
        super().__init__()
        self._server = ForwardingServer(upstream, self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        """Takes the place of the upstream's root address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
