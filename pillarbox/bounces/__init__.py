"""Bounces: what came back, which type it is, and what follows from it."""
