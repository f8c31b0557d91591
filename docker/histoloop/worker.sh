#!/bin/sh
# Workers for the scheduler HISTOLOOP_SCHEDULER: HISTOLOOP_WORKERS processes, a prediction each.
set -eu
exec histoloop worker "${HISTOLOOP_SCHEDULER:?the address of a Dask scheduler, e.g. tcp://scheduler:8786}" \
  --workers "${HISTOLOOP_WORKERS:-1}" --folder /tmp
