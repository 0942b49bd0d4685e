"""What a worker process must find in its environment before OpenSSL looks at the processor."""

import os
from collections.abc import Mapping
from pathlib import Path

_VARIABLE = "OPENSSL_ia32cap"
_WITHOUT_ADX = ":~0x80000"
"""Bit 19 of the second word: the ADX instructions (OPENSSL_ia32cap(3))."""

_VECTORS = frozenset({"adx", "avx2", "bmi2"})
_BETTER_STILL = "avx512ifma"


def signing_environment() -> dict[str, str]:
    """The environment for a process that signs on this machine."""
    try:
        cpuinfo = Path("/proc/cpuinfo").read_text()
    except OSError:
        cpuinfo = ""
    return choose(cpuinfo, os.environ)


def choose(cpuinfo: str, environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` as it serves signing best on the processor that the text of /proc/cpuinfo describes.

    Where a processor has both, OpenSSL multiplies with ADX rather than with AVX2. That is quicker on Intel's; on
    AMD's Zen 2 and 3 an RSA-2048 signature takes a tenth longer that way. Whoever set the variable knows better.
    """
    facts = dict(line.split(":", 1) for line in cpuinfo.splitlines() if ":" in line)
    facts = {name.strip(): text.strip() for name, text in facts.items()}
    flags = set(facts.get("flags", "").split())
    is_zen = facts.get("vendor_id") == "AuthenticAMD" and flags >= _VECTORS
    if is_zen and _BETTER_STILL not in flags and _VARIABLE not in environment:
        return {**environment, _VARIABLE: _WITHOUT_ADX}
    return dict(environment)
