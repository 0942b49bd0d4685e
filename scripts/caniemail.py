"""Rebuild what is known of mail clients from the npm package `caniemail`, given as a file.

    npm pack caniemail@2.0.2 && .venv/bin/python scripts/caniemail.py caniemail-2.0.2.tgz

The data stay what they are, reduced to the newest version of each client; each feature gets the keys by which
`pillarbox.checks` finds uses of it.
"""

import gzip
import json
import re
import sys
import tarfile
from pathlib import Path
from typing import Any

WHERE = Path(__file__).parent.parent / "pillarbox" / "checks" / "data" / "caniemail.json.gz"
SIDES = ("top", "right", "bottom", "left")


def sub(name: str, *parts: str) -> list[str]:
    """A property and its longhand properties."""
    return [f"p:{name}", *(f"p:{name}-{part}" for part in parts)]


def elements(names: str) -> list[str]:
    """Keys of elements."""
    return [f"e:{name}" for name in names.split()]


LONGHANDS = {
    "css-margin": sub("margin", *SIDES),
    "css-padding": sub("padding", *SIDES),
    "css-border": [
        *sub("border", *SIDES, "width", "style", "color"),
        *(f"p:border-{side}-{part}" for side in SIDES for part in ("width", "style", "color")),
    ],
    "css-border-radius": [
        *sub("border", "radius")[1:],
        *(f"p:border-{v}-{h}-radius" for v in ("top", "bottom") for h in ("left", "right")),
    ],
    "css-border-image": sub("border-image", "source", "slice", "width", "outset", "repeat"),
    "css-outline": sub("outline", "color", "style", "width"),
    "css-overflow": sub("overflow", "x", "y"),
    "css-animation": sub("animation", "name", "duration", "delay", "iteration-count", "fill-mode"),
    "css-transition": sub("transition", "property", "duration", "delay", "timing-function"),
    "css-text-emphasis": sub("text-emphasis", "color", "style"),
    "css-block-inline-size": ["p:block-size"],
    "css-border-inline-block": ["p:border-inline", "p:border-block"],
    "css-border-inline-block-individual": [
        f"p:border-{axis}-{end}" for axis in ("block", "inline") for end in ("start", "end")
    ],
    "css-border-inline-block-longhand": [
        f"p:border-{axis}-{part}"
        for axis in ("block", "inline")
        for part in ("color", "style", "width")
    ],
    "css-border-radius-logical": [
        f"p:border-{a}-{b}-radius" for a in ("start", "end") for b in ("start", "end")
    ],
    "css-color-scheme": ["p:color-scheme"],
    "css-column-layout-properties": [
        "p:columns",
        *(f"p:column-{part}" for part in ("fill", "rule", "rule-color", "rule-style")),
        *(f"p:column-{part}" for part in ("rule-width", "span", "width")),
    ],
    "css-gap": ["p:gap", "p:column-gap", "p:row-gap"],
    "css-grid-template": sub("grid-template", "areas", "columns", "rows"),
    "css-left-right-top-bottom": [f"p:{side}" for side in SIDES],
    "css-margin-block-start-end": ["p:margin-block-start", "p:margin-block-end"],
    "css-margin-inline-block": ["p:margin-inline", "p:margin-block"],
    "css-margin-inline-start-end": ["p:margin-inline-start", "p:margin-inline-end"],
    "css-padding-block-start-end": ["p:padding-block-start", "p:padding-block-end"],
    "css-padding-inline-block": ["p:padding-inline", "p:padding-block"],
    "css-padding-inline-start-end": ["p:padding-inline-start", "p:padding-inline-end"],
    "css-scroll-snap": ["p:scroll-snap-type", "p:scroll-snap-align", "p:scroll-snap-stop"],
}
OTHERS = {
    "css-at-media-device-pixel-ratio": [
        f"m:-webkit-{end}device-pixel-ratio" for end in ("", "min-", "max-")
    ],
    "css-at-media-hover": ["m:hover", "m:any-hover"],
    "css-at-media-orientation": ["m:orientation"],
    "css-at-media-prefers-color-scheme": ["m:prefers-color-scheme"],
    "css-at-media-prefers-reduced-motion": ["m:prefers-reduced-motion"],
    "css-comments": ["css-comment"],
    "css-nesting": ["css-nesting"],
    "css-important": ["w:!important"],
    "css-inert-attribute": ["a:inert"],
    "css-intrinsic-size": ["w:fit-content", "w:min-content", "w:max-content"],
    "css-modern-color": ["f:lch", "f:oklch", "f:lab", "f:oklab"],
    "css-pseudo-class-lang": [":lang"],
    "css-sytem-ui": [
        "w:system-ui",
        *(f"w:ui-{one}" for one in ("serif", "sans-serif", "rounded", "monospace")),
    ],
    "css-unit-calc": ["f:calc"],
    "css-unit-initial": ["w:initial"],
    "css-unit-percent": ["u:%"],
    "css-variables": ["f:var"],
    "html-anchor-links": ["local-anchor"],
    "html-mailto-links": ["mailto"],
    "html-comments": ["html-comment"],
    "html-doctype": ["html-doctype"],
    "html-h1-h6": elements("h1 h2 h3 h4 h5 h6"),
    "html-image-maps": elements("map"),
    "html-lists": elements("ul ol dl"),
    "html-meta-color-scheme": ["t:meta:color-scheme"],
    "html-semantics": elements(
        "article aside details figcaption figure footer header main mark nav section summary time"
    ),
    "html-srcset": ["a:srcset", "a:sizes"],
    "html-svg": elements("svg"),
    "html-address": elements("address"),
    "html-base": elements("base"),
    "html-loading-attribute": ["a:loading"],
    "amp": ["a:⚡4email", "a:amp4email"],
    "image-base64": ["i:base64"],
    "image-heif": ["i:heic", "i:heif"],
    "image-jpg": ["i:jpg", "i:jpeg"],
    "image-tiff": ["i:tif", "i:tiff"],
}
SELECTORS = {
    "adjacent-sibling": "adjacent",
    "general-sibling": "sibling",
}
UNKNOWN_USES = {"bimi", "image-hdr"}


def keys_of(feature: dict[str, Any]) -> list[str]:
    """The keys by which uses of a feature are found."""
    slug, title, kind = feature["slug"], feature["title"].strip(), feature["category"]
    for table in (LONGHANDS, OTHERS):
        if slug in table:
            return table[slug]
    if kind == "image":
        return [f"i:{slug.removeprefix('image-')}"]
    return _of_css(slug, title) if kind == "css" else _of_html(slug, title)


def _of_css(slug: str, title: str) -> list[str]:
    if title.startswith("@"):
        return [f"@:{title[1:]}"]
    if title.startswith(":"):
        return [title.removesuffix("()")]
    if slug.startswith("css-selector-"):
        name = slug.removeprefix("css-selector-")
        return [f"s:{SELECTORS.get(name, name)}"]
    if title.endswith(" unit"):
        return [f"u:{title.removesuffix(' unit')}"]
    if found := re.fullmatch(r"([a-z-]+)\(\)", title):
        return [f"f:{found[1]}"]
    if found := re.fullmatch(r"([a-z-]+):\s*([a-z-]+)", title):
        return [f"d:{found[1]}:{found[2]}"]
    name = title.removesuffix(" shorthand").removesuffix(" property")
    return [f"p:{name}"] if re.fullmatch(r"[a-z-]+", name) else []


def _of_html(slug: str, title: str) -> list[str]:
    if found := re.fullmatch(r"<(\w+) type=\"(\w+)\"> element", title):
        return [f"t:{found[1]}:{found[2]}"]
    if found := re.match(r"<(\w+)>", title):
        return [f"e:{found[1]}"]
    if found := re.fullmatch(r"([a-z-]+) attribute", title):
        return [f"a:{found[1]}"]
    return []


def reduce(data: dict[str, Any]) -> dict[str, Any]:
    """The table: a letter for each client and feature (y, n, a for partly, u and - for unknown), and notes."""
    names = data["nicenames"]
    clients = sorted(
        {(f, p) for one in data["data"] for f in one["stats"] for p in one["stats"][f]}
    )
    features = []
    for one in data["data"]:
        keys = keys_of(one)
        if not keys:
            assert one["slug"] in UNKNOWN_USES, f"no key for {one['slug']}: {one['title']}"
            continue
        newest = {
            (family, platform): list(versions.values())[-1]  # they are listed by age
            for family, platforms in one["stats"].items()
            for platform, versions in platforms.items()
        }
        words = [newest.get(client, "-") for client in clients]
        notes = [[int(n) for n in re.findall(r"#(\d+)", word)] for word in words]
        said = one["notes_by_num"] or {}
        features.append(
            {
                "slug": one["slug"],
                "title": one["title"].strip(),
                "keys": keys,
                "support": "".join(word[0] for word in words),
                "notes": {str(at): found for at, found in enumerate(notes) if found},
                "texts": {number: said[number] for number in said},
            }
        )
    return {
        "updated": data["last_update_date"][:10],
        "clients": [[names["family"][f], names["platform"][p]] for f, p in clients],
        "features": features,
    }


def main() -> None:
    """Read the package, write the table."""
    with tarfile.open(sys.argv[1]) as package:
        member = package.extractfile("package/data/caniemail.json")
        assert member is not None
        data = json.load(member)
    text = json.dumps(reduce(data), ensure_ascii=False, separators=(",", ":"))
    WHERE.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


main()
