"""The program's surroundings in one bag, built once and handed to every role.

What is in here is everything a role may need from outside itself; there are no globals.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pillarbox.clock import Clock
from pillarbox.config import Config
from pillarbox.ids import KeyMaker
from pillarbox.mail.dns import Resolver
from pillarbox.meters import Meters
from pillarbox.storage.db import Database
from pillarbox.storage.wake import Wake


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Settings, storage, time, identifiers and names."""

    config: Config
    db: Database
    wake: Wake
    clock: Clock
    keys: KeyMaker
    resolver: Resolver
    node: int = 0
    """The number of this process in the table of nodes."""
    meters: Meters = field(default_factory=Meters)
    """What this process counts."""
    monotonic: Callable[[], float] = time.monotonic
