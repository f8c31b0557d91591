"""Bringing the service up and down."""

from __future__ import annotations

import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from waitress.server import TcpWSGIServer, create_server
from waitress.wasyncore import dispatcher

from histoloop.config import Settings
from histoloop.errors import UsageError
from histoloop.jobs.archive import open_archive
from histoloop.jobs.claim import Claim, looked_after
from histoloop.jobs.engine import Engine
from histoloop.jobs.kept_agreements import agreements_folder
from histoloop.jobs.kept_reviews import reviews_folder
from histoloop.jobs.ledger import Ledger
from histoloop.memory import share_arenas
from histoloop.service.app import create_app
from histoloop.service.library import Library
from histoloop.service.making import forget_drafts

_THREADS = 64
"""Requests at a time; some viewers that follow a job hold one each, some wait for outlines."""

_CONNECTIONS = 1000
"""Kept open at a time. A browser holds up to six for two minutes; beyond this nobody is let in
until others go: waitress's own 100 are seventeen viewers."""


@dataclass(frozen=True)
class Service:
    """A service that listens, as long as its claim holds."""

    url: str
    library: Library
    claim: Claim


@contextmanager
def running(settings: Settings) -> Iterator[Service]:
    """Serve in the background while the block runs, then stop in order.

    Raises:
        UsageError: the address is taken, or open to others without authentication; or no slides
            are named.
        NotFoundError: the folder of slides does not exist.
        StateError: another service works with this home, or the ledger cannot be used.
    """
    if not (settings.loopback or settings.dsa):
        raise UsageError(
            f"refusing to listen on {settings.host}: a folder of slides knows no users, all could "
            "read all",
            hint="listen on 127.0.0.1 and tunnel to it, e.g. ssh -L 8080:127.0.0.1:8080 HOST",
        )
    share_arenas()
    open_archive(settings)  # what is wrong with it is said before anything is started
    with looked_after(settings) as claim, _served(settings, claim) as service:
        yield service


@contextmanager
def _served(settings: Settings, claim: Claim) -> Iterator[Service]:
    forget_drafts(agreements_folder(settings.home), reviews_folder(settings.home))
    ledger = Ledger(settings.ledger_url, migrate=True)
    engine = Engine(settings, ledger)
    library = Library(settings, ledger, engine)
    server = _listen(library)
    _allow_open_files(4 * _CONNECTIONS)
    engine.start()
    thread = threading.Thread(target=server.run, daemon=True)
    library.housekeeper.start()
    thread.start()
    try:
        yield Service(f"http://{settings.host}:{server.effective_port}", library, claim)
    finally:
        library.closing.set()
        library.housekeeper.stop()
        _stop(server)
        engine.stop()


def _stop(server: TcpWSGIServer) -> None:
    """Let nobody in any more, and whoever is being answered have a few seconds for it."""
    server.task_dispatcher.shutdown()
    if server.task_dispatcher.threads:
        # They write to the server's pipe at last, whose number must not be another file's by then.
        dispatcher.close(server)
    else:
        server.close()


def wait_for_end(service: Service) -> None:
    """Return when the process is asked to end: Ctrl-C or SIGTERM.

    Raises:
        StateError: another service has taken over the ledger.
    """
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ended.set())
    while not ended.wait(1):
        service.claim.check()


def _allow_open_files(most: int) -> None:
    """As far as the system lets us: many begin with 1,024, which a crowd of viewers uses up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _listen(library: Library) -> TcpWSGIServer:
    settings = library.settings
    try:
        server: TcpWSGIServer = create_server(
            create_app(library),
            host=settings.host,
            port=settings.port,
            threads=_THREADS,
            connection_limit=_CONNECTIONS,
            asyncore_use_poll=True,  # `select` cannot look at a file of a number above 1023
            ident="HistoLoop",
        )
    except OSError as error:
        raise UsageError(
            f"cannot listen on {settings.host}:{settings.port} ({error.strerror})",
            hint="choose another --port; 0 takes a free one",
        ) from error
    return server
