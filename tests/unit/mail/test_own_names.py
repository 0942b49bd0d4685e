"""Names that stand in the machine's hosts file."""

import os

from pillarbox.mail.own_names import own_addresses


def test_names_of_the_hosts_file_and_its_changes(tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text(
        "# app.example\n10.0.0.1\tApp.example app # 10.0.0.9 x\n\n::1 app.example\nbad x\n"
    )
    assert own_addresses("app.EXAMPLE.", hosts) == ("10.0.0.1", "::1")
    assert own_addresses("app", hosts) == ("10.0.0.1",)
    assert own_addresses("x", hosts) == own_addresses("", hosts) == ()
    hosts.write_text("10.0.0.2 app\n")
    os.utime(hosts, ns=(1, 1))
    assert own_addresses("app", hosts) == ("10.0.0.2",)
    assert own_addresses("app", tmp_path / "none") == ()
