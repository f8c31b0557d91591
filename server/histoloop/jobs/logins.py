"""In whose name a job runs: kept beside the ledger, never in it, as long as the job needs it.

A job outlives the request that asked for it, and the process too; what it reads and pushes
must still be what its user may read and push.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from pydantic import SecretStr

from histoloop.errors import SignInError
from histoloop.slides.dsa.site import Login


class Logins:
    """Files that only the service's own account can read, one per unfinished job."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, job: str, login: Login | None) -> None:
        """Remember who asked for a job; `None`: whoever the settings name."""
        login = login or Login()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        secrets = {
            name: secret.get_secret_value()
            for name, secret in (("key", login.key), ("token", login.token))
            if secret
        }
        draft = self._folder / f"{job}.draft"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(draft, flags, 0o600), "w") as file:
            json.dump(secrets, file)
        draft.replace(self._path(job))

    def of(self, job: str) -> Login | None:
        """Who asked for a job; `None`: whoever the settings name.

        Raises:
            SignInError: it is not known any more; nobody else may take the place.
        """
        try:
            secrets = json.loads(self._path(job).read_text())
        except (FileNotFoundError, ValueError):
            raise SignInError(
                "in whose name the job was to run is not known any more",
                hint="sign in and run it again",
            ) from None
        login = Login(**{name: SecretStr(secret) for name, secret in secrets.items()})
        return None if login == Login() else login

    def forget(self, job: str) -> None:
        """Drop the login of a job that has ended."""
        self._path(job).unlink(missing_ok=True)

    def _path(self, job: str) -> Path:
        return self._folder / f"{job}.json"
