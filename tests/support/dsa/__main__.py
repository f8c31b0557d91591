"""`python -m tests.support.dsa`: a Digital Slide Archive by hand, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from typing import get_args

from tests.support.dsa.archive import open_archive
from tests.support.dsa.cache import UnavailableError
from tests.support.dsa.install import Flavour, install
from tests.support.dsa.processes import StartError
from tests.support.dsa.provision import Archive


def main() -> int:
    """Install, and unless told otherwise start, fill, say where it is, and wait."""
    options = _options()
    try:
        if options.install_only:
            _install(options.flavour or list(get_args(Flavour)))
        else:
            _serve((options.flavour or ["girder3"])[0], options.slides)
    except (UnavailableError, StartError) as problem:
        print(f"dsa: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.support.dsa", description=__doc__)
    parser.add_argument("--flavour", action="append", choices=get_args(Flavour))
    parser.add_argument("--install-only", action="store_true", help="without a flavour: both")
    parser.add_argument("slides", nargs="*", type=Path, help="files to upload, tiled and pyramidal")
    return parser.parse_args()


def _install(flavours: list[Flavour]) -> None:
    started = time.monotonic()
    for flavour in flavours:
        install(flavour)
    print(f"dsa: {' and '.join(flavours)} installed ({time.monotonic() - started:.1f} s)")


def _serve(flavour: Flavour, slides: list[Path]) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with open_archive(flavour) as archive:
        for slide in slides:
            print(f"{slide.name}: item {archive.upload(slide, 'public')}")
        _describe(archive)
        while all(server.running for server in archive.stack.servers):
            time.sleep(0.5)
        raise StartError(f"a server has ended, see the logs in {archive.stack.folder}")


def _describe(archive: Archive) -> None:
    passwords = archive.stack.folder / "passwords"
    passwords.touch(mode=0o600)
    people = archive.people.values()
    passwords.write_text("".join(f"{person.login} {person.password}\n" for person in people))
    print(f"Girder       {archive.stack.root_url}")
    if archive.stack.flavour == "girder3":
        print(f"HistomicsUI  {archive.stack.histomics_url}")
    print(f"REST         {archive.url}")
    print(f"passwords    {passwords}")
    print("Ctrl-C ends it and removes its data.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
