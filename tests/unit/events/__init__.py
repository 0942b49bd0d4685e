"""Tests of pillarbox.events."""
