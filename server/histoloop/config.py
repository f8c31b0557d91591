"""Settings: the only place that reads the environment."""

from __future__ import annotations

import ipaddress
import os
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from histoloop.errors import UsageError


class Settings(BaseSettings):
    """Every field is ``HISTOLOOP_<NAME>`` in the environment, and a flag where it makes sense."""

    model_config = SettingsConfigDict(env_prefix="HISTOLOOP_", frozen=True, extra="forbid")

    home: Path = Field(
        default=Path.home() / ".histoloop",
        description="jobs, runs, models and caches; everything worth a backup",
    )
    slides: Path | None = Field(default=None, description="folder that the viewer shows")
    annotator: str | None = Field(
        default=None,
        max_length=200,
        description="who draws in the viewer, where slides lie in a folder and nobody signs in",
    )
    dsa: str | None = Field(
        default=None, description="a Digital Slide Archive, e.g. https://dsa.example.org"
    )
    dsa_key: SecretStr | None = Field(default=None, description="API key of a user of the DSA")
    dsa_token: SecretStr | None = Field(default=None, description="or a token; it will expire")
    dsa_secret: SecretStr | None = Field(
        default=None, description="shared with the Girder plugin, which notifies with it"
    )
    dsa_patience_s: float = Field(
        default=1800.0,
        ge=0,
        description="seconds that a job waits, in all, for a DSA that does not answer",
    )
    dsa_requests: int = Field(
        default=6, ge=1, le=64, description="requests to the DSA at a time, of this machine"
    )
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8080, ge=0, le=65535, description="0 takes a free one")
    public_url: str | None = Field(
        default=None, description="where browsers find the service behind a proxy"
    )
    scheduler: str | None = Field(default=None, description="a Dask scheduler; none: this machine")
    workers: int = Field(
        default=os.cpu_count() or 1, ge=1, description="predictions at a time, a core each"
    )
    ledger: SecretStr | None = Field(
        default=None,
        description="database of the jobs, e.g. postgresql+psycopg://user:password@host/name; "
        "none: a file in the home",
    )
    jobs_at_once: int = Field(
        default=4,
        ge=1,
        description="whole slides at a time; more wait their turn, small regions do not",
    )
    log: Literal["text", "json"] = Field(
        default="text", description="lines of the log: for people, or JSON for programs"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="what of HistoLoop's own is in the log"
    )
    runs_gb: float | None = Field(
        default=None,
        gt=0,
        le=1e6,
        description="GB that runs may take: those looked at longest ago make room; none: the disk",
    )
    runs_days: float | None = Field(
        default=None,
        gt=0,
        le=1e6,
        description="days that a run stays after it was last looked at; none: for good",
    )
    lease_s: float = Field(
        default=60.0,
        ge=1,
        description="seconds without a sign of life after which a job is taken up again",
    )
    gate_margin: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="Dice that a class may lose on the locked test and still be no worse",
    )
    retrain_gtcodes: Path | None = Field(
        default=None, description="GTCodes table of the annotations that models are retrained on"
    )
    retrain_classes: str | None = Field(
        default=None, description="which GT codes make which class; by default those of its name"
    )
    retrain_folder: str | None = Field(
        default=None, description="folder or collection of the DSA to learn from; by default all"
    )
    retrain_consensus: str = Field(
        default="reviewed", description="where several people drew; see `dataset build`"
    )
    retrain_annotators: Path | None = Field(
        default=None, description="table of annotators and their roles"
    )
    retrain_patients: Path | None = Field(
        default=None, description="table of slides and their patients"
    )
    retrain_model: str = Field(
        default="tumor", description="the model that new annotations have retrained"
    )
    retrain_epochs: int = Field(default=10, ge=1, description="of a retraining")
    retrain_steps: int = Field(default=50, ge=1, description="batches per epoch of a retraining")
    retrain_crowd: bool = Field(
        default=False, description="learn from each annotator's own masks; see `train --crowd`"
    )
    retrain_after: int = Field(
        default=0, ge=0, description="new annotations that start a retraining; 0: none do"
    )
    retrain_quiet_s: float = Field(
        default=600.0,
        ge=0,
        description="seconds for which nobody has drawn before new annotations start one",
    )

    @property
    def ledger_url(self) -> str:
        """SQLAlchemy URL of the job ledger; a secret, where a password is in it."""
        return self.ledger.get_secret_value() if self.ledger else f"sqlite:///{self.ledger_file}"

    @property
    def ledger_file(self) -> Path:
        """The file of the job ledger, where no database is named."""
        return self.home / "ledger.sqlite"

    @property
    def lease(self) -> timedelta:
        """How long a running job may not be heard of."""
        return timedelta(seconds=self.lease_s)

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    @property
    def datasets(self) -> Path:
        return self.home / "datasets"

    @property
    def annotations(self) -> Path:
        return self.home / "annotations"

    @property
    def logins(self) -> Path:
        return self.home / "logins"

    @property
    def cache(self) -> Path:
        return self.home / "cache"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def settings(**flags: object) -> Settings:
    """Settings from the environment, overruled by the flags that were given (not `None`).

    Raises:
        UsageError: a value makes no sense; the message names it.
    """
    try:
        given = {name: value for name, value in flags.items() if value is not None}
        return Settings.model_validate({**Settings().model_dump(), **given})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        raise UsageError(
            f"setting {name}: {first['msg']}",
            hint=f"see --help; in the environment it is HISTOLOOP_{name.upper()}",
        ) from error
