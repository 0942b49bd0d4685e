"""`pillarbox bench`: measure this machine."""

import sys

import click
