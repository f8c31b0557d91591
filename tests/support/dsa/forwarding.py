"""The proxy's server: passes requests and answers on, in pieces, unless a fault strikes."""

from __future__ import annotations

import http.client
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.support.dsa.traffic import Exchange, Fault, Traffic

PIECE = 1 << 16
HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


class ForwardingServer(ThreadingHTTPServer):
    """Passes on to `upstream` what comes to a free loopback port, and reports it to `traffic`."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, upstream: str, traffic: Traffic) -> None:
        self.upstream, self.traffic = urlsplit(upstream), traffic
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One client's connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: ForwardingServer

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def handle_any(self) -> None:
        """Pass a request on; it is counted until its answer has left or is lost."""
        self.started = time.monotonic()
        self.status: int | None = None
        self.sent = self.received = 0
        self.over = False
        fault = self.server.traffic.begin(self.command, self.path) or Fault()
        try:
            self._answer(fault)
        except (OSError, http.client.HTTPException):  # either side has gone: so does the other
            self.close_connection = True
        finally:
            self._end()

    def _end(self) -> None:
        """Count it as ended; comes before its last byte, after which the client may ask again."""
        if not self.over:
            self.over = True
            story = (self.status, self.sent, self.received, time.monotonic() - self.started)
            self.server.traffic.end(Exchange(self.command, self.path, *story))

    def _answer(self, fault: Fault) -> None:
        fault.hold()
        if fault.drop:
            self._hang_up()
            return
        body = self._body()
        if fault.status is not None:
            _drain(body)
            self._refuse(fault.status)
            return
        upstream = self.server.upstream
        connection = http.client.HTTPConnection(str(upstream.hostname), upstream.port, timeout=600)
        try:
            answer = self._forward(connection, body)
            if fault.lose_answer:
                answer.read()
                self._hang_up()
            else:
                self._return(answer, fault.cut)
        finally:
            connection.close()

    def _forward(
        self, connection: http.client.HTTPConnection, body: Iterator[bytes]
    ) -> http.client.HTTPResponse:
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HOP_BY_HOP | {"expect"}:
                connection.putheader(name, value)
        chunked = self._chunked()
        if chunked:
            connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        for piece in body:
            _send(connection, b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            _send(connection, b"0\r\n\r\n")
        return connection.getresponse()

    def _chunked(self) -> bool:
        return "chunked" in self.headers.get("Transfer-Encoding", "").lower()

    def _body(self) -> Iterator[bytes]:
        if self._chunked():
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self._counted(self.rfile.read(size), size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
            return
        left = int(self.headers.get("Content-Length", 0))
        while left:
            size = min(left, PIECE)
            left -= size
            yield self._counted(self.rfile.read(size), size)

    def _counted(self, piece: bytes, size: int) -> bytes:
        if len(piece) < size:
            raise ConnectionAbortedError("the client went away within its request")
        self.sent += size
        return piece

    def _return(self, answer: http.client.HTTPResponse, cut: int | None) -> None:
        self.status = answer.status
        bare = answer.length == 0  # so it is after HEAD and with 204 and 304
        chunked = answer.length is None and not bare
        self._head(answer, chunked, bare)
        while not bare and (piece := answer.read1(PIECE)):
            last = answer.length == 0
            if cut is not None and self.received + len(piece) >= cut:
                piece, last = piece[: cut - self.received], True
            self.received += len(piece)
            if last:
                self._end()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            if self.received == cut:
                break
        if chunked and self.received != cut:
            self._end()
            self.wfile.write(b"0\r\n\r\n")
        elif not bare and (answer.length or self.received == cut):
            self._hang_up()  # a fault, or the upstream has died within its answer

    def _head(self, answer: http.client.HTTPResponse, chunked: bool, bare: bool) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        if bare:
            self._end()
        self.end_headers()

    def _refuse(self, status: int) -> None:
        text = b'{"message": "A fault that a test has injected.", "type": "rest"}'
        self.status, self.received = status, len(text)
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self._end()
        self.end_headers()
        self.wfile.write(text if self.command != "HEAD" else b"")

    def _hang_up(self) -> None:
        self._end()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _send(connection: http.client.HTTPConnection, data: bytes) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.send(data)  # a server may answer before it has read everything


def _drain(body: Iterator[bytes]) -> None:
    for _ in body:
        pass


for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
    setattr(Handler, f"do_{method}", Handler.handle_any)
