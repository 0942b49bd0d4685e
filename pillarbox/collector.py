"""The collector of reference cycles, told how a server of this kind uses memory."""

import gc

THRESHOLDS = (10_000, 20, 20)


def spare_collector() -> None:
    """Look at what lives for ever no more, and at the rest less often: for a process that has just come up.

    Messages are plain trees and go by reference counting; the few cycles can wait. Walking the program's own
    objects again and again took some tenth of the time of each message.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
