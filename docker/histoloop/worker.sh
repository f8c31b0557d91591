#!/bin/sh
# A Dask worker of the scheduler HISTOLOOP_SCHEDULER: HISTOLOOP_WORKERS processes, a prediction each.
set -eu
exec dask worker "${HISTOLOOP_SCHEDULER:?the address of a Dask scheduler, e.g. tcp://scheduler:8786}" \
  --name "$(hostname)" --nworkers "${HISTOLOOP_WORKERS:-1}" --nthreads 1 \
  --memory-limit 0 --local-directory /tmp --no-dashboard
