"""The web pages: what people look at. Translates requests into calls of the same functions the API uses."""

from pillarbox.web.main import Pages, build

__all__ = ["Pages", "build"]
