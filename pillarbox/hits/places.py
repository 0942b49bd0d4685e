"""Where an address is, from a database file of MaxMind's format. Source: spec tracking-and-unsubscribe 3.3."""

import logging
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import maxminddb

from pillarbox.errors import StartError
from pillarbox.tracking.model import Place

log = logging.getLogger(__name__)


class Places:
    """Looks addresses up. Without a file nothing is known of any."""

    def __init__(self, file: Path | None, *, shows_address: bool) -> None:
        """Raises StartError when the file cannot be used."""
        self._shows_address = shows_address
        self._reader = None
        if file is not None:
            try:
                self._reader = maxminddb.open_database(file)
            except (OSError, maxminddb.InvalidDatabaseError) as problem:
                raise StartError(f"GEOIP_DB {file}: {problem}") from None

    def find(self, address: str) -> Place:
        """Where an address is, as far as that is known."""
        try:
            ip = str(ip_address(address))
        except ValueError:
            return Place()
        shown = ip if self._shows_address else ""
        if self._reader is None:
            return Place(ip=shown)
        try:
            record = self._reader.get(ip)
        except (ValueError, maxminddb.InvalidDatabaseError) as problem:
            log.warning("address not looked up", extra={"reason": str(problem)})
            return Place(ip=shown)
        return _place(record, shown) if isinstance(record, Mapping) else Place(ip=shown)


def _place(record: Mapping[str, Any], ip: str) -> Place:
    country = _part(record, "country")
    regions = record.get("subdivisions")
    region = regions[0] if isinstance(regions, list) and regions else {}
    spot = _part(record, "location")
    has_spot = "latitude" in spot and "longitude" in spot
    return Place(
        country=_name(country),
        country_code=str(country.get("iso_code", "")),
        region=_name(region),
        region_code=str(region.get("iso_code", "")),
        city=_name(_part(record, "city")),
        zip=str(_part(record, "postal").get("code", "")),
        coords=f"{spot['latitude']},{spot['longitude']}" if has_spot else "",
        ip=ip,
    )


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = record.get(name)
    return part if isinstance(part, Mapping) else {}


def _name(part: Mapping[str, Any]) -> str:
    return str(_part(part, "names").get("en", ""))
