"""Builds web/static/icons.svg, the sprite of the icons the templates use, out of the npm package lucide-static.

    npm pack lucide-static@1.62.0 && tar xzf lucide-static-1.62.0.tgz
    python3 deploy/build_icons.py package

Run it again when a template needs an icon that is not in ICONS yet. The sprite is committed; nothing builds it later.
"""

import re
import sys
from pathlib import Path

SPRITE = Path(__file__).resolve().parent.parent / "web" / "static" / "icons.svg"

ICONS = re.findall(
    r"[a-z0-9-]+",
    """
    ban bell bell-off book-open bot calendar calendar-clock car check check-check chevron-down chevron-left
    chevron-right circle-alert circle-check circle-help circle-x clipboard-list clock copy download ellipsis-
    vertical external-link eye eye-off file file-spreadsheet file-text globe history image inbox info key-round
    link list-filter loader lock log-out mail map-pin menu message-square messages-square paperclip pause pencil
    phone phone-missed play plug plus refresh-cw reply rotate-cw search send settings shield-check smartphone
    smile star store tag trash-2 triangle-alert undo-2 unlink upload user-plus user-round users wifi-off x zap
    """,
)

SYMBOL = (
    '<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75"'
    ' stroke-linecap="round" stroke-linejoin="round">{drawing}</symbol>'
)


def sprite(package: Path) -> str:
    """The sprite's text. Raises FileNotFoundError for a name the package does not have."""
    return '<svg xmlns="http://www.w3.org/2000/svg">' + "".join(_symbol(package, name) for name in ICONS) + "</svg>\n"


def _symbol(package: Path, name: str) -> str:
    text = (package / "icons" / f"{name}.svg").read_text()
    drawing = re.search(r"<svg[^>]*>(.*)</svg>", text, re.DOTALL)[1]
    return SYMBOL.format(name=name, drawing=re.sub(r"\s+", " ", drawing).replace("> <", "><").strip())


if __name__ == "__main__":
    SPRITE.write_text(sprite(Path(sys.argv[1])))
    print(f"{len(ICONS)} icons in {SPRITE.name}")
