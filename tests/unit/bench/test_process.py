import os
import subprocess
import sys

import pytest

from pillarbox.bench.load import LoadChild
from pillarbox.bench.model import BenchError
from pillarbox.bench.process import end_process
from pillarbox.bench.sink import SinkChild


def test_leaving_ends_the_child():
    with SinkChild() as child:
        pid = child.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_child_that_gives_no_answer_in_time_is_an_error():
    with LoadChild() as child, pytest.raises(BenchError, match="no answer within"):
        child.read(int, timeout_s=0.01)


def test_a_child_that_breaks_on_an_order_is_an_error():
    with SinkChild() as child, pytest.raises(BenchError, match="ended before it answered"):
        child.call({"op": "dance"}, int, timeout_s=10.0)


def test_a_process_that_does_not_end_is_killed_with_its_group():
    stubborn = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", stubborn], stdout=subprocess.PIPE, start_new_session=True
    )
    assert child.stdout is not None
    with child:
        child.stdout.readline()
        child.terminate()
        assert not end_process(child, timeout_s=0.05)
    assert child.returncode == -9
