"""The web page: what people look at. Translates requests into calls of the same functions the API uses."""

from pillarbox.web.main import Site, build

__all__ = ["Site", "build"]
