"""Commands as they are typed, in this process."""

from __future__ import annotations

from collections.abc import Mapping

from click.testing import Result
from typer.testing import CliRunner

from histoloop.cli.main import app
from histoloop.errors import HistoloopError


def run(*words: object, env: Mapping[str, str] | None = None) -> Result:
    """What `histoloop WORDS` prints; an error of ours is raised as it is, others fail the test."""
    result = CliRunner().invoke(app, [str(word) for word in words], env=env)
    if isinstance(result.exception, HistoloopError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result
