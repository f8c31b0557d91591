"""All that differs between Girder 3 and Girder 5."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cherrypy
from girder.plugin import getPlugin

try:  # Girder 5
    from girder.plugin import registerPluginStaticContent as _publish  # noqa: N813
except ImportError:  # Girder 3
    _publish = None

try:  # Girder 3 shows nothing but its own logger
    from girder import logger as log
except ImportError:  # Girder 5
    log = logging.getLogger("girder_histoloop")

try:  # Girder 3 keeps notifications in the database
    from girder.models.notification import Notification
except ImportError:  # Girder 5
    Notification = None

__all__ = ["forget_lost_toast", "load_hosts", "log", "publish_panel", "when_serving"]

_NAME = "histoloop"
_HOSTS = ("jobs", "large_image_annotation", "slicer_cli_web", "histomicsui")
_PANEL = Path(__file__).parent / "web_client"
_PARTS = {"js": ("panel.js", "segmenting.js", "runs.js"), "css": ("panel.css",)}


def load_hosts(info: dict[str, Any]) -> None:
    """Load the plugins that we build on: their models exist then, and their scripts come first."""
    for name in _HOSTS:
        host = getPlugin(name)
        if host is not None:
            host.load(info)


def when_serving(start: Callable[[], None]) -> None:
    """Run ``start`` in processes that serve: not where plugins are loaded to be built."""
    if _publish is None:
        cherrypy.engine.subscribe("start", start)
    else:  # Girder 5 has no engine to wait for
        start()


def forget_lost_toast(job: dict[str, Any]) -> None:
    """Let a job show its progress anew; Girder 3 drops what was not updated for an hour."""
    toast = (job.get("progress") or {}).get("notificationId")
    if toast is not None and Notification is not None and Notification().load(toast) is None:
        job["progress"]["notificationId"] = None


def publish_panel(info: dict[str, Any]) -> None:
    """Let the web client load our script; a server that cannot still has all of its REST."""
    if _publish is not None:
        _publish(
            plugin=_NAME,
            css=list(_PARTS["css"]),
            js=list(_PARTS["js"]),
            staticDir=_PANEL,
            tree=info["serverRoot"],
        )
        return
    from girder.constants import STATIC_ROOT_DIR

    # Girder 3 serves plugin.min.* of every loaded plugin; plain scripts need no bundler.
    target = Path(STATIC_ROOT_DIR) / "built" / "plugins" / _NAME
    try:
        target.mkdir(parents=True, exist_ok=True)
        for kind, parts in _PARTS.items():
            content = b"\n".join((_PANEL / part).read_bytes() for part in parts)
            _replace(target / f"plugin.min.{kind}", content)
    except OSError as error:
        log.error("HistoLoop: no panel, %s cannot be written: %s", target, error.strerror)


def _replace(target: Path, content: bytes) -> None:
    """Write whole or not at all: another server process may do the same now."""
    if target.is_file() and target.read_bytes() == content:
        return
    draft = target.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(target)
