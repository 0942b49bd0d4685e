from pathlib import Path

import pytest

from pillarbox.errors import StartError
from pillarbox.hits.places import Places
from pillarbox.tracking.model import Place
from tests.doubles.mmdb import database

PORTO = {
    "country": {"iso_code": "PT", "names": {"en": "Portugal", "de": "Portugal"}},
    "subdivisions": [{"iso_code": "13", "names": {"en": "Porto"}}],
    "city": {"names": {"en": "Porto"}},
    "postal": {"code": "4000"},
    "location": {"latitude": 41.1496, "longitude": -8.611},
}
KNOWN = Place(
    country="Portugal",
    country_code="PT",
    region="Porto",
    region_code="13",
    city="Porto",
    zip="4000",
    coords="41.1496,-8.611",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "city.mmdb"
    path.write_bytes(
        database({"203.0.113.0/24": PORTO, "198.51.100.0/24": {"country": {"iso_code": "DE"}}})
    )
    return path


def test_an_address_is_found(file: Path) -> None:
    assert Places(file, shows_address=False).find("203.0.113.77") == KNOWN


def test_the_address_itself_is_told_when_wanted(file: Path) -> None:
    assert Places(file, shows_address=True).find("198.51.100.7") == Place(
        country_code="DE", ip="198.51.100.7"
    )
    assert Places(None, shows_address=True).find("192.0.2.1") == Place(ip="192.0.2.1")


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "", "unknown"])
def test_nothing_is_known_of_others(file: Path, address: str) -> None:
    assert Places(file, shows_address=False).find(address) == Place()


def test_without_a_database_nothing_is_known() -> None:
    assert Places(None, shows_address=False).find("203.0.113.77") == Place()


def test_a_file_that_is_no_database_is_refused_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "broken.mmdb"
    path.write_bytes(b"no database")
    for broken in (path, tmp_path / "missing.mmdb"):
        with pytest.raises(StartError, match="GEOIP_DB"):
            Places(broken, shows_address=False)
