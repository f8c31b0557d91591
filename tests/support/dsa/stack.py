"""MongoDB and Girder on free loopback ports, with fresh data; any number side by side."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import requests
from tests.support.dsa.install import Installation
from tests.support.dsa.overlay import make_overlay
from tests.support.dsa.processes import Port, Server

GIRDER3_CONFIG = """\
[global]
server.socket_host = "127.0.0.1"
server.socket_port = {port}
server.thread_pool = 100
[database]
uri = "{mongo}"
[server]
mode = "production"
[logging]
log_root = "{folder}/girder-logs"
[large_image]
cache_backend = "python"
[cache]
enabled = True
"""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Login and password of one user; the password stays out of reprs."""

    login: str
    password: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)


class Stack:
    """One DSA: start it, stop and start its parts, look at their memory.

    `folder` takes its data, logs and Python environment, and is no other stack's. `plugins` are
    source folders of Girder plugins, `environment` variables that Girder's process gets besides.
    """

    def __init__(
        self,
        installation: Installation,
        folder: Path,
        plugins: Iterable[Path] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.flavour = installation.flavour
        self.folder = folder
        self.admin = Credentials("admin")
        self._ports = {"mongod": Port(), "girder": Port()}
        python = make_overlay(installation, folder / "venv", plugins)
        plain = {"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8"}
        self.mongo = self._mongo(installation, plain)
        self.servers = [self.mongo]
        if installation.flavour == "girder3":
            extra = self._girder3_settings()
        else:
            extra = self._girder5_settings()
            if installation.redis:
                self.servers.append(self._redis(installation.redis, plain))
                extra["GIRDER_NOTIFICATION_REDIS_URL"] = f"redis://127.0.0.1:{self._port('redis')}"
        script = installation.venv / "bin" / "girder"
        address = ["--host", "127.0.0.1", "--port", str(self._port("girder"))]
        self.girder = Server(
            "girder",
            [python, script, "serve", *address],
            folder,
            plain | extra | dict(environment or {}),
            self._girder_answers,
        )
        self.servers.append(self.girder)

    @property
    def root_url(self) -> str:
        """Where a browser finds Girder."""
        return f"http://127.0.0.1:{self._port('girder')}"

    @property
    def url(self) -> str:
        """The root of the REST interface."""
        return f"{self.root_url}/api/v1"

    @property
    def histomics_url(self) -> str:
        """Where a browser finds HistomicsUI; there is none on Girder 5."""
        return f"{self.root_url}/histomics"

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of what runs: mongod, girder and perhaps redis."""
        return {server.name: server.pid for server in self.servers if server.running}

    @property
    def rss(self) -> dict[str, int]:
        """Resident bytes of what runs."""
        return {server.name: server.rss for server in self.servers if server.running}

    def start(self) -> None:
        """Start what does not run; raises StartError with the end of the log."""
        for server in self.servers:
            server.start()

    def start_girder(self) -> None:
        """The same port, the same data."""
        self.girder.start()

    def stop_girder(self) -> None:
        self.girder.stop()

    def start_mongo(self) -> None:
        """The same port, the same data."""
        self.mongo.start()

    def stop_mongo(self) -> None:
        self.mongo.stop()

    def kill(self) -> None:
        """End everything at once; `start` brings it up again with its data."""
        for server in reversed(self.servers):
            server.kill()

    def close(self) -> None:
        """End everything and give the ports back."""
        self.kill()
        for port in self._ports.values():
            port.release()

    def _port(self, name: str) -> int:
        return self._ports[name].number

    def _girder_answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/system/version", timeout=5).ok
        except requests.RequestException:
            return False

    def _mongo(self, installation: Installation, environment: Mapping[str, str]) -> Server:
        data = self.folder / "mongo"
        data.mkdir()
        options = {
            "--dbpath": data,
            "--bind_ip": "127.0.0.1",
            "--port": self._port("mongod"),
            "--wiredTigerCacheSizeGB": 1,
            "--setParameter": "diagnosticDataCollectionEnabled=false",
        }
        command = [str(installation.mongod), "--nounixsocket", "--quiet"]
        for name, value in options.items():
            command += [name, str(value)]
        return Server("mongod", command, self.folder, environment, self._ports["mongod"].answers)

    def _redis(self, program: Path, environment: Mapping[str, str]) -> Server:
        port = self._ports["redis"] = Port()
        command = [str(program), "--bind", "127.0.0.1", "--port", str(port.number)]
        command += ["--save", "", "--appendonly", "no"]
        return Server("redis", command, self.folder, environment, port.answers)

    @property
    def mongo_uri(self) -> str:
        """Where the database is."""
        return f"mongodb://127.0.0.1:{self._port('mongod')}/girder?socketTimeoutMS=3600000"

    def _girder3_settings(self) -> dict[str, str]:
        config = self.folder / "girder.cfg"
        fields = {"port": self._port("girder"), "mongo": self.mongo_uri, "folder": self.folder}
        config.write_text(GIRDER3_CONFIG.format(**fields))
        return {"GIRDER_CONFIG": str(config)}

    def _girder5_settings(self) -> dict[str, str]:
        return {
            "GIRDER_MONGO_URI": self.mongo_uri,
            "GIRDER_SERVER_MODE": "production",
            "GIRDER_SETTING_CORE_CACHE_ENABLED": "true",
            "LARGE_IMAGE_CACHE_BACKEND": "python",
        }
