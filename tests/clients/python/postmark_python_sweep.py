"""Every method of the official Python client; its models validate each reply."""

from official import managing, reading, sending, statistics
from official.client import offered
from sweep import run

assert all((sending, reading, statistics, managing))  # importing them registers their checks
run(offered())
