import os
import subprocess
import sys

from pillarbox.bench.accounting import (
    ENDED,
    MemoryWatch,
    Process,
    cpu_used,
    family,
    memory_of,
    read_process,
)

_BUSY_CHILD = """
import subprocess, sys, time
busy = "import time\\nwhile time.process_time() < 0.2: pass\\nprint(flush=True)"
subprocess.run([sys.executable, "-c", busy], stdout=subprocess.DEVNULL)
print("ready", flush=True)
sys.stdin.read()
"""


def process(pid: int, command: str, own: float, ended: float = 0.0) -> Process:
    return Process(pid, parent=1, session=1, command=command, own_s=own, ended_s=ended)


def test_cpu_is_added_up_by_command():
    before = [process(1, "serve", 1.0), process(2, "relay.worker", 2.0)]
    after = [
        process(1, "serve", 1.5),
        process(2, "relay.worker", 2.25),
        process(3, "relay.worker", 0.25),
    ]
    assert cpu_used(before, after) == {"serve": 0.5, "relay.worker": 0.5}


def test_a_process_that_ended_in_between_counts_only_from_the_first_look_on():
    before = [process(1, "master", 1.0, ended=5.0), process(2, "smtp", 2.0)]
    after = [process(1, "master", 1.0, ended=7.5)]
    assert cpu_used(before, after) == {ENDED: 0.5}


def test_a_family_holds_descendants_and_counts_children_that_ended():
    parent = subprocess.Popen(
        [sys.executable, "-c", _BUSY_CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert parent.stdout is not None
    with parent:
        before = family([os.getpid()])
        parent.stdout.readline()
        after = family([parent.pid])
    assert parent.pid in {one.pid for one in before}
    assert [one.pid for one in after] == [parent.pid]
    assert after[0].ended_s >= 0.15


def test_an_interpreter_is_called_by_the_module_it_runs():
    command = [sys.executable, "-m", "pillarbox.bench.limits"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        (found,) = family([child.pid])
        child.communicate()
    assert found.command == "bench.limits"


def test_a_process_that_is_gone_is_nothing():
    with subprocess.Popen(["true"]) as gone:
        pass
    assert read_process(gone.pid) is None
    assert family([gone.pid]) == []
    assert memory_of([gone.pid]).processes == 0


def test_memory_is_the_sum_over_processes_and_pss_is_no_more_than_rss():
    mine = memory_of([os.getpid()])
    assert 1 < mine.pss_mb <= mine.rss_mb
    assert mine.processes == 1


def test_a_watch_keeps_the_peak():
    watch = MemoryWatch(lambda: [os.getpid()])
    watch.start()
    assert watch.stop().pss_mb > 1
