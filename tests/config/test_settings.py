"""Settings: argument, environment, default; and what a wrong one says."""

from __future__ import annotations

from pathlib import Path

import pytest

from mplp_sdk import MPLPError, Settings
from mplp_sdk.errors import ConfigError


def test_defaults() -> None:
    settings = Settings.load(environ={})
    assert settings == Settings(
        base_url=None, api_key=None, home=Path(".mplp"), project="default", tracing=False
    )


def test_an_argument_wins_over_the_environment() -> None:
    environ = {
        "MPLP_BASE_URL": "http://env:1",
        "MPLP_HOME": "/env",
        "MPLP_TRACING": "1",
        "MPLP_PROJECT": "env",
    }
    from_environment = Settings.load(environ=environ)
    assert (from_environment.base_url, from_environment.home) == ("http://env:1", Path("/env"))
    assert (from_environment.tracing, from_environment.project) == (True, "env")
    given = Settings.load(base_url="https://arg", home="arg", tracing=False, project="arg", environ=environ)
    assert (given.base_url, given.home, given.tracing, given.project) == (
        "https://arg",
        Path("arg"),
        False,
        "arg",
    )


def test_an_empty_variable_counts_as_unset() -> None:
    environ = dict.fromkeys(
        ("MPLP_BASE_URL", "MPLP_API_KEY", "MPLP_HOME", "MPLP_PROJECT", "MPLP_TRACING"), ""
    )
    assert Settings.load(environ=environ) == Settings.load(environ={})


@pytest.mark.parametrize(
    "url",
    ["localhost:8700", "ftp://host", "http://", "http://host:port", "http://host:0", "//host", "http://[::1"],
)
def test_a_wrong_address_says_which_setting_and_what_it_should_be(url: str) -> None:
    with pytest.raises(ConfigError, match=r"MPLP_BASE_URL.*http://127\.0\.0\.1:8700"):
        Settings.load(environ={"MPLP_BASE_URL": url})


def test_credentials_do_not_belong_into_the_address() -> None:
    with pytest.raises(ConfigError, match="MPLP_API_KEY") as caught:
        Settings.load(base_url="http://user:hunter2@host", environ={})
    assert "hunter2" not in str(caught.value)


def test_a_wrong_switch_says_so() -> None:
    with pytest.raises(ConfigError, match="MPLP_TRACING is 'maybe'"):
        Settings.load(environ={"MPLP_TRACING": "maybe"})


def test_an_empty_project_says_so() -> None:
    with pytest.raises(MPLPError, match="MPLP_PROJECT"):
        Settings.load(project=" ", environ={})


def test_the_key_is_not_shown() -> None:
    assert "s3cret" not in repr(Settings.load(api_key="s3cret", environ={}))
