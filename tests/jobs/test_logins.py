"""In whose name jobs run."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from histoloop.errors import SignInError
from histoloop.jobs.logins import Logins
from histoloop.slides.dsa.site import Login

ADA = Login(token=SecretStr("t0ken-of-ada"))


def test_a_login_is_kept_for_its_job_alone_and_forgotten(tmp_path: Path) -> None:
    logins = Logins(tmp_path / "logins")
    logins.keep("one", ADA)
    logins.keep("two", None)
    assert logins.of("one") == ADA
    assert logins.of("two") is None, "whoever the settings name"
    assert "t0ken" not in repr(logins.of("one"))
    logins.forget("one")
    logins.forget("one")
    assert logins.of("two") is None


def test_nobody_else_takes_the_place_of_a_login_that_is_lost(tmp_path: Path) -> None:
    logins = Logins(tmp_path / "logins")
    with pytest.raises(SignInError, match="not known any more"):
        logins.of("never kept")
    logins.keep("one", ADA)
    (tmp_path / "logins" / "one.json").write_text("{torn")
    with pytest.raises(SignInError):
        logins.of("one")


def test_only_the_services_own_account_can_read_them(tmp_path: Path) -> None:
    Logins(tmp_path / "logins").keep("one", ADA)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "logins").glob("*")]
    assert modes == [0o600]
    assert stat.S_IMODE((tmp_path / "logins").stat().st_mode) == 0o700
