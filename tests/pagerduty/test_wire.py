"""Requests to PagerDuty carry the settings' credential, whatever the machine has beside it."""

from __future__ import annotations

from qlty.classes.integrations._pagerduty._rest import Rest
from qlty.classes.integrations._pagerduty._settings import PagerDutySettings
from qlty.settings import Secret


def test_an_entry_in_netrc_does_not_replace_the_credential(sandbox, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    env = sandbox.env
    settings = PagerDutySettings(
        api_key=Secret(env["PAGERDUTY_API_KEY"]), api_url=env["PAGERDUTY_API_URL"]
    )
    Rest(settings).check_credentials()
    assert [call["status"] for call in sandbox.calls] == [200]
