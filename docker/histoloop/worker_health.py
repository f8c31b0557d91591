"""Whether the scheduler knows this container's workers: exits 0 if it does."""

import os
import socket
import sys

from distributed import Client

with Client(os.environ["HISTOLOOP_SCHEDULER"], timeout=10, set_as_default=False) as client:
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    names = [str(worker["name"]) for worker in workers]
sys.exit(not any(name.startswith(socket.gethostname()) for name in names))
