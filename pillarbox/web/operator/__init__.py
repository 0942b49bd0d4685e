"""Pages of who runs the installation: the queue, its health, and what going live takes."""
