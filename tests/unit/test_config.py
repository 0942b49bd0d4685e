"""Settings whose default comes from another one or from the machine."""

import socket

import pytest

from pillarbox.config import load


@pytest.mark.parametrize(
    ("settings", "url", "host"),
    [
        ({}, "http://127.0.0.1:8025", "127.0.0.1"),
        ({"http_listen": ":8080"}, "http://127.0.0.1:8080", "127.0.0.1"),
        ({"http_listen": "127.0.0.1:0"}, "http://127.0.0.1:8025", "127.0.0.1"),
        (
            {"http_listen": ":8080", "public_url": "https://mail.example/"},
            "https://mail.example",
            "mail.example",
        ),
    ],
)
def test_links_lead_to_the_port_that_is_listened_on(settings, url, host, tmp_path) -> None:
    config = load({"data_dir": str(tmp_path), **settings}, environment={})
    assert (config.public_url, config.tracking_host) == (url, host)


@pytest.mark.parametrize(
    ("full", "short", "name"),
    [
        ("mail.corp.example", "mail", "mail.corp.example"),
        ("localhost", "vm", "vm"),
        ("localhost.localdomain", "vm", "vm"),
        ("localhost", "Ann's laptop", "localhost"),
    ],
)
def test_a_machine_is_called_by_its_name(full, short, name, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: full)
    monkeypatch.setattr(socket, "gethostname", lambda: short)
    assert load({"data_dir": str(tmp_path)}, environment={}).hostname == name
