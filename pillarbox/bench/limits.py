"""What the machine could do at best: RSA-2048 signatures, fsyncs, bare SMTP.

Measured in every round, because a shared machine changes its mind; the report divides by the same round's.
`python -m pillarbox.bench.limits` signs for the seconds named on stdin and prints signatures per second.
"""

import hashlib
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from pillarbox.bench.load import LoadChild
from pillarbox.bench.model import BenchError, Door, Limits, Plan
from pillarbox.bench.process import Child
from pillarbox.bench.sink import SinkChild

_BLOCK = b"\0" * 4096
_RAW_CONNECTIONS = 10


def measure(
    sink: SinkChild, load: LoadChild, directory: Path, *, run: str, seconds: float = 1.0
) -> Limits:
    """All limits, one after the other, each for about so many seconds."""
    processes = len(os.sched_getaffinity(0))
    return Limits(
        rsa_one_per_s=rsa_rate(1, seconds=seconds),
        rsa_all_per_s=rsa_rate(processes, seconds=seconds),
        rsa_processes=processes,
        fsync_per_s=fsync_rate(directory, seconds=seconds),
        smtp_raw_per_s=smtp_rate(sink, load, run=run, seconds=seconds),
    )


def rsa_rate(processes: int, *, seconds: float) -> float:
    """RSA-2048 signatures a second, summed over processes that sign at the same time."""
    with ExitStack() as stack:
        signers = [stack.enter_context(Child("pillarbox.bench.limits")) for _ in range(processes)]
        for signer in signers:
            signer.read(bool, timeout_s=30.0)
        for signer in signers:
            signer.order(seconds)
        return sum(signer.read(float, timeout_s=seconds + 10.0) for signer in signers)


def fsync_rate(directory: Path, *, seconds: float) -> float:
    """Appends of 4 KB with fdatasync a second, one writer, in the directory that is asked about."""
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        descriptor = file.fileno()
        count = 0
        begun = time.monotonic()
        while (spent := time.monotonic() - begun) < seconds:
            os.write(descriptor, _BLOCK)
            os.fdatasync(descriptor)
            count += 1
    return count / spent


def smtp_rate(sink: SinkChild, load: LoadChild, *, run: str, seconds: float) -> float:
    """Messages of 3 KB a second from the load generator straight to the sink."""
    rate, messages = 0.0, 2000
    for attempt in range(2):  # the first one shows how many fill the time
        name = f"{run}raw{attempt}"
        sink.reset(name)
        sent = load.send(Plan(Door.SMTP, sink.port, name, messages, _RAW_CONNECTIONS))
        counts = sink.wait(messages, timeout_s=10.0)
        if sent.failed or counts.received != messages:
            raise BenchError(f"load generator and sink disagree: {sent.failure} {counts}")
        rate, messages = sent.rate, min(int(sent.rate * seconds), 50_000)
    return rate


def _sign_for(seconds: float, key: rsa.RSAPrivateKey) -> float:
    digest = hashlib.sha256(_BLOCK).digest()
    padding, algorithm = PKCS1v15(), Prehashed(SHA256())
    count = 0
    begun = time.monotonic()
    while (spent := time.monotonic() - begun) < seconds:
        key.sign(digest, padding, algorithm)
        count += 1
    return count / spent


def _main() -> None:
    """Say when the key is ready, wait for the time to sign, sign, say the rate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key.sign(b"", PKCS1v15(), SHA256())
    print("true", flush=True)
    if line := sys.stdin.readline():
        print(_sign_for(msgspec.json.decode(line, type=float), key), flush=True)


if __name__ == "__main__":
    _main()
