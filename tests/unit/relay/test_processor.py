"""The environment that a signing process gets, by the processor."""

import pytest

from pillarbox.relay.processor import choose

ZEN_3 = "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu avx2 bmi1 bmi2 adx sha_ni\n"
ZEN_4 = ZEN_3.replace("sha_ni", "sha_ni avx512ifma")
ZEN_1 = ZEN_3.replace(" bmi2", "")
INTEL = ZEN_3.replace("AuthenticAMD", "GenuineIntel")
ARM = "processor\t: 0\nFeatures\t: fp asimd aes\n\nno colon here\n"


def test_adx_is_left_out_where_avx2_signs_faster() -> None:
    assert choose(ZEN_3, {"A": "1"}) == {"A": "1", "OPENSSL_ia32cap": ":~0x80000"}


@pytest.mark.parametrize("cpuinfo", [ZEN_4, ZEN_1, INTEL, ARM, ""])
def test_other_processors_are_left_to_openssl(cpuinfo: str) -> None:
    assert choose(cpuinfo, {"A": "1"}) == {"A": "1"}


def test_who_set_it_knows_better() -> None:
    assert choose(ZEN_3, {"OPENSSL_ia32cap": "0"}) == {"OPENSSL_ia32cap": "0"}
