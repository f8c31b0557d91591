#!/bin/sh
# `--list_cli`, or the name of a program and its arguments: what slicer_cli_web calls an image with.
#
# slicer_cli_web's own entry point stays as a parent, which as process 1 of the container would
# swallow SIGTERM, and a cancelled analysis would go on. `exec` lets the signal reach the program.
set -eu
cd "$(dirname "$0")"
if [ "${1:-}" = --list_cli ]; then
  exec cat slicer_cli_list.json
fi
program=$1
shift
exec python "$program/$program.py" "$@"
