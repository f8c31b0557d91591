"""HistoLoop in a Digital Slide Archive (a plugin for Girder 3.2 and Girder 5).

The plugin computes nothing. It forwards requests to a HistoLoop service with the rights of the
user who makes them, shows the service's jobs among Girder's jobs, takes annotations in bulk and
puts a panel into HistomicsUI.
"""

from __future__ import annotations

from typing import Any

from girder.plugin import GirderPlugin


class HistoLoopPlugin(GirderPlugin):  # type: ignore[misc]
    """What Girder loads."""

    DISPLAY_NAME = "HistoLoop"

    def load(self, info: dict[str, Any]) -> None:
        from girder_histoloop import compat

        compat.load_hosts(info)
        # Only now: these modules use models that the hosts register.
        from girder_histoloop import mirror, notices, settings
        from girder_histoloop.rest import HistoLoop

        settings.register()
        info["apiRoot"].histoloop = HistoLoop()
        notices.bind()
        mirror.bind()
        compat.when_serving(mirror.start)
        compat.publish_panel(info)
