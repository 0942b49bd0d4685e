"""Every setting: its type, default and one line of documentation. docs/settings.md is generated from here.

A setting is an environment variable `PILLARBOX_<NAME>`, a lower-case key in `pillarbox.toml`, and a flag of the
commands. Flag beats environment beats file. An unknown key is an error.
"""

import os
import socket
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pillarbox import setting_kinds as kinds
from pillarbox.errors import UsageError
from pillarbox.setting_kinds import Endpoint, Network

PREFIX = "PILLARBOX_"
OWN_CERTIFICATE = "smtp.crt"
DELIVERY_MODES = ("capture", "relay", "direct")
SENDER_POLICIES = ("open", "verified")


def _setting(
    doc: str, read: Callable[[str], Any] = str, default: str | None = None, shown: str = ""
) -> Any:
    """A field of Config: how its text is read, its default text, and the default as documentation shows it."""
    meta = {"doc": doc, "read": read, "default": default, "shown": shown or (default or "none")}
    return field(metadata=meta)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings, read and checked. Build one with `load`."""

    data_dir: Path = _setting("SQLite database, keys, spool", Path, "./pillarbox-data")
    database_url: str | None = _setting(
        "`postgresql://user:pass@host/db` when scaled out", shown="SQLite inside `DATA_DIR`"
    )
    http_listen: Endpoint = _setting(
        "API, web UI, tracking, metrics", kinds.endpoint, "127.0.0.1:8025"
    )
    submission_listen: tuple[Endpoint, ...] = _setting(
        "SMTP submission (comma-separated list; production: 25, 587, 2525)",
        kinds.endpoints,
        "127.0.0.1:1025",
    )
    inbound_listen: tuple[Endpoint, ...] = _setting(
        "inbound SMTP: customers' inbound mail, bounces, complaints (production: 25)",
        kinds.endpoints,
        "127.0.0.1:1026",
    )
    public_url: str = _setting(
        "base of tracking, unsubscribe and UI links",
        kinds.http_url,
        shown="`http://127.0.0.1:` + the port of `HTTP_LISTEN`",
    )
    hostname: str = _setting(
        "EHLO name, Message-ID domain, DNS record suggestions",
        kinds.host_name,
        shown="the machine's name",
    )
    inbound_domain: str = _setting(
        "domain of inbound hash addresses", kinds.host_name, shown="`inbound.` + `HOSTNAME`"
    )
    return_path_host: str = _setting(
        "host that takes bounces: domain of the return paths, and what custom Return-Path domains must be a "
        "CNAME of",
        kinds.host_name,
        shown="`HOSTNAME`",
    )
    tracking_host: str = _setting(
        "host that custom tracking domains must be a CNAME of",
        kinds.host_name,
        shown="the host of `PUBLIC_URL`",
    )
    trusted_proxies: tuple[Network, ...] = _setting(
        "networks of reverse proxies whose `X-Forwarded-For` says who asks, and `X-Forwarded-Proto` how",
        kinds.networks,
        "127.0.0.0/8,::1/128",
    )
    metrics_allow: tuple[Network, ...] = _setting(
        "networks that may read `/metrics`", kinds.networks, "127.0.0.0/8,::1/128"
    )
    geoip_db: Path | None = _setting("MaxMind file: where opens and clicks come from", Path)
    geo_ip_address: bool = _setting(
        "whether opens and clicks tell their `Geo.IP`", kinds.switch, "off"
    )
    ignore_machine_hits: bool = _setting(
        "whether hits of proxies that open everything and of robots are left out",
        kinds.switch,
        "off",
    )
    blocked_links: tuple[str, ...] = _setting(
        "domains, with all below them, and numbers of Servers whose tracked links show a warning and lead nowhere",
        kinds.names,
        "",
        shown="empty",
    )
    spf_include: str = _setting(
        "name that the suggested SPF records include", kinds.host_name, shown="`HOSTNAME`"
    )
    bounce_testing_domain: str = _setting(
        "mail to `<type>@` here bounces with that type",
        kinds.host,
        "bounce-testing.postmarkapp.com",
    )
    blackhole_domain: str = _setting(
        "mail to any address here is thrown away as delivered",
        kinds.host,
        "blackhole.postmarkapp.com",
    )
    delivery: str = _setting(
        "`capture`: nothing leaves the machine, every message ends in the built-in mailbox; "
        "`relay`: hand over to `RELAY_URL`; `direct`: deliver to the recipients' MX hosts",
        kinds.one_of(*DELIVERY_MODES),
        "capture",
    )
    relay_url: str | None = _setting(
        "`smtp://[user:pass@]host:port` or `smtps://…`", kinds.relay_url
    )
    dns_servers: tuple[str, ...] = _setting(
        "`host:port` list used for every lookup", kinds.name_servers, "", shown="the system's"
    )
    mx_port: int = _setting(
        "port for direct delivery (tests use another)", kinds.number(1, 65535), "25"
    )
    egress_allow: tuple[Network, ...] = _setting(
        "networks that webhooks and deliveries may reach although private or loopback "
        "(`127.0.0.0/8` in development)",
        kinds.networks,
        "",
        shown="empty",
    )
    webhooks_verify: bool = _setting(
        "whether saving a webhook calls its URL first and fails when that does, unless the request says otherwise",
        kinds.switch,
        "off",
    )
    webhooks_retry_minutes: tuple[int, ...] = _setting(
        "minutes between the attempts to call a webhook", kinds.minutes, "1,5,15,1,5,10,10,10,15"
    )
    webhooks_timeout_s: int = _setting(
        "seconds a webhook has to answer", kinds.number(1, 600), "30"
    )
    webhooks_user_agent: str = _setting("User-Agent of webhooks", str, "Postmark")
    webhooks_verify_tls: bool = _setting(
        "`off`: call webhooks whatever the certificate", kinds.switch, "on"
    )
    webhooks_zero_message_id: bool = _setting(
        "whether SubscriptionChange says zeros, not null, when no message caused it",
        kinds.switch,
        "off",
    )
    webhooks_log_days: int = _setting(
        "days that calls of webhooks are kept", kinds.number(1, 3650), "7"
    )
    server_token: str | None = _setting(
        "token of the first server, used only when the database is first created",
        shown="random, printed",
    )
    account_token: str | None = _setting(
        "token of the account, used only when the database is first created",
        shown="random, printed",
    )
    sender_policy: str = _setting(
        "`verified`: From needs a confirmed signature or verified domain (error 400); "
        "`open`: any From is accepted",
        kinds.one_of(*SENDER_POLICIES),
        shown="`open` with `capture`, else `verified`",
    )
    refuse_example_domains: bool = _setting(
        "`on`: no sender signatures at domains reserved for examples, such as example.com",
        kinds.switch,
        "off",
    )
    admin_email: str | None = _setting(
        "first UI user, made at a start without any; without a user the UI is open on loopback only, and refuses "
        "other addresses"
    )
    admin_password: str | None = _setting("password of the first UI user")
    tls_cert: Path | None = _setting(
        "certificate of STARTTLS and implicit TLS listeners", Path, shown="self-made in `DATA_DIR`"
    )
    tls_key: Path | None = _setting(
        "private key of `TLS_CERT`", Path, shown="self-made in `DATA_DIR`"
    )
    starttls: bool = _setting("`off` switches the offer of STARTTLS off", kinds.switch, "on")
    max_servers: int | None = _setting(
        "how many Servers there may be (error 614)", kinds.number(1, 1_000_000), shown="no limit"
    )
    server_removal: bool = _setting(
        "whether Servers may be deleted by API (`off`: error 604)", kinds.switch, "on"
    )
    inbound_mx_check: bool = _setting(
        "whether an MX of a Server's `InboundDomain` must name `INBOUND_DOMAIN` or `HOSTNAME` (error 610)",
        kinds.switch,
        "on",
    )
    custom_unsubscribe: bool = _setting(
        "whether streams may handle unsubscribes themselves (`off`: error 1238)", kinds.switch, "on"
    )
    min_stream_age_s: int = _setting(
        "seconds for which a new message stream cannot be archived (error 1241)",
        kinds.number(0, 86_400),
        "0",
    )
    bulk_api: bool = _setting(
        "`off`: the account is not approved for bulk; its endpoints answer 14", kinds.switch, "on"
    )
    rate_limit: int = _setting(
        "API requests a second and token (error 429); `0`: no limit",
        kinds.number(0, 1_000_000),
        "0",
    )
    retention_days: int = _setting("message content and events", kinds.number(1, 3650), "45")
    template_limit: int = _setting(
        "active templates a Server may have, layouts included", kinds.number(1, 100_000), "100"
    )
    sender_checks: bool = _setting(
        "whether SPF, DKIM and DMARC of inbound mail are checked (asks DNS)", kinds.switch, "on"
    )
    spam_server: tuple[str, str, int] | None = _setting(
        "`spamd://host:port` or `rspamd://host:port`, which scores inbound mail", kinds.spam_url
    )
    workers: int = _setting(
        "worker processes for the roles that use several",
        kinds.number(1, 256),
        shown="number of cores",
    )

    @property
    def database(self) -> str:
        """The database's address as SQLAlchemy wants it."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir / 'pillarbox.db'}"
        _, _, rest = self.database_url.partition("://")
        return f"postgresql+psycopg://{rest}"

    @property
    def certificate(self) -> Path:
        """Where the certificate of the listeners is, or will be once it is made."""
        return self.tls_cert or self.data_dir / OWN_CERTIFICATE

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return self.database_url is None


def setting_names() -> list[str]:
    """The names of all settings, lower-case."""
    return [f.name for f in fields(Config)]


def documentation() -> list[tuple[str, str, str]]:
    """Name, default as shown and meaning of every setting, in order."""
    return [(f.name.upper(), f.metadata["shown"], f.metadata["doc"]) for f in fields(Config)]


def load(
    flags: Mapping[str, str | None] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Config:
    """Read the settings from flags, environment and file, in this order of weight.

    `flags` are setting name -> text. Without `file`, a `pillarbox.toml` in the working directory is read if there.
    Raises UsageError naming the setting and where it was set.
    """
    environment = os.environ if environment is None else environment
    texts = _from_file(file)
    texts.update(_from_environment(environment))
    texts.update(
        {k: (v, f"--{k.replace('_', '-')}") for k, v in (flags or {}).items() if v is not None}
    )
    values: dict[str, Any] = {}
    for f in fields(Config):
        text, origin = texts.get(f.name, (f.metadata["default"], "default"))
        try:
            values[f.name] = None if text is None else f.metadata["read"](text)
        except ValueError as problem:
            raise UsageError(f"{origin}: {f.name.upper()} = {text!r}: {problem}") from None
    _fill_defaults(values)
    _check(values)
    return Config(**values)


def _from_environment(environment: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    found = {}
    for variable, value in environment.items():
        if variable.startswith(PREFIX):
            name = variable.removeprefix(PREFIX).lower()
            if name not in setting_names():
                raise UsageError(f"unknown setting {variable}")
            found[name] = (value, variable)
    return found


def _from_file(file: Path | None) -> dict[str, tuple[str, str]]:
    path = file or Path("pillarbox.toml")
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if file is None:
            return {}
        raise UsageError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise UsageError(f"{path}: cannot be read: {problem}") from None
    found = {}
    for name, value in data.items():
        if name not in setting_names():
            raise UsageError(f"{path}: unknown setting {name!r}")
        found[name] = (_as_text(path, name, value), str(path))
    return found


def _as_text(path: Path, name: str, value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, list) and all(isinstance(v, str | int) for v in value):
        return ",".join(str(v) for v in value)
    raise UsageError(f"{path}: {name} must be a text, a number, on/off or a list of texts")


def _machine_name() -> str:
    """With its domain, if it knows one: a hosts file may file it under `localhost` only."""
    full = socket.getfqdn()
    name = socket.gethostname() if full.partition(".")[0] == "localhost" else full
    try:
        return kinds.host_name(name) or "localhost"
    except ValueError:
        return "localhost"


def _fill_defaults(values: dict[str, Any]) -> None:
    """Defaults that depend on the machine or on other settings."""
    values["database_url"] = values["database_url"] or None
    values["hostname"] = values["hostname"] or _machine_name()
    values["inbound_domain"] = values["inbound_domain"] or f"inbound.{values['hostname']}"
    values["return_path_host"] = kinds.host(values["return_path_host"] or values["hostname"])
    own_url = f"http://127.0.0.1:{values['http_listen'][1] or 8025}"  # 0: any port that is free
    values["public_url"] = public_url = values["public_url"] or own_url
    values["tracking_host"] = kinds.host(
        values["tracking_host"] or urlsplit(public_url).hostname or ""
    )
    values["spf_include"] = kinds.host(values["spf_include"] or values["hostname"])
    captured = values["delivery"] == "capture"
    values["sender_policy"] = values["sender_policy"] or ("open" if captured else "verified")
    values["workers"] = values["workers"] or os.cpu_count() or 1


def _check(values: dict[str, Any]) -> None:
    url = values["database_url"]
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise UsageError("DATABASE_URL: expected postgresql://user:pass@host/db")
    if values["delivery"] == "relay" and not values["relay_url"]:
        raise UsageError("DELIVERY = relay needs RELAY_URL")
    if (values["tls_cert"] is None) != (values["tls_key"] is None):
        raise UsageError("TLS_CERT and TLS_KEY go together")
