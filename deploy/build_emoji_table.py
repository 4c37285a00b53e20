"""Builds domain/emojis/table.py, which emoji stand in which group, out of the npm package unicode-emoji-json.

    npm pack unicode-emoji-json@0.9.0 && tar xzf unicode-emoji-json-0.9.0.tgz
    python3 deploy/build_emoji_table.py package

Run it again when a new version of the Python package `emoji` brings emoji that tests/domain/test_emojis.py finds in no
group. The table is committed; nothing builds it later.
"""

import json
import sys
import unicodedata
from pathlib import Path

TABLE = Path(__file__).resolve().parent.parent / "domain" / "emojis" / "table.py"
WIDTH = 116  # columns of a line; an emoji takes two, or several where it is put together out of others

SLUGS = {
    "Smileys & Emotion": "smileys",
    "People & Body": "people",
    "Animals & Nature": "animals",
    "Food & Drink": "food",
    "Travel & Places": "travel",
    "Activities": "activities",
    "Objects": "objects",
    "Symbols": "symbols",
    "Flags": "flags",
}

# Emoji 18.0 (September 2026), which the package does not have yet: at the end of their groups.
LATER = {
    "smileys": ["\U0001faeb"],  # cracking face
    "people": ["\U0001faf9", "\U0001fafa"],  # leftwards and rightwards thumb sign
    "animals": ["\U0001facc"],  # monarch butterfly
    "food": ["\U0001fadd"],  # pickle
    "travel": ["\U0001f6d9", "\U0001fa8b"],  # lighthouse, meteor
    "objects": ["\U0001fa8c", "\U0001fa8d"],  # eraser, net with handle
}

HEAD = '''"""Which emoji stand in which group, in the order of keyboards. Made by deploy/build_emoji_table.py.

Source: emoji-test.txt of Unicode Emoji 17.0 (Copyright Unicode, Inc., Unicode License v3) as the npm package
unicode-emoji-json 0.9.0 (MIT) has it, and the nine of Emoji 18.0. Fully-qualified ones without a skin tone.
"""

# slug, what people read, the emoji with blanks between them
GROUPS: tuple[tuple[str, str, str], ...] = (
'''


def table(package: Path) -> str:
    """The module's text. Raises KeyError for a group that SLUGS does not know."""
    parts = [HEAD]
    for group in json.loads((package / "data-by-group.json").read_text()):
        slug = SLUGS[group["name"]]
        listed = [one["emoji"] for one in group["emojis"]]
        emoji = listed + [one for one in LATER.get(slug, []) if one not in listed]
        name = group["name"].capitalize()
        parts.append(
            f'    (\n        "{slug}",\n        "{name}",\n        """\n{_lines(emoji)}\n        """,\n    ),\n'
        )
    return "".join([*parts, ")\n"])


def _lines(emoji: list[str]) -> str:
    lines, width = [""], 0
    for one in emoji:
        columns = 1 + sum(2 if unicodedata.category(char) == "So" else 1 for char in one)
        if width + columns > WIDTH:
            lines.append("")
            width = 0
        lines[-1] += f"{' ' if lines[-1] else ''}{one}"
        width += columns
    return "\n".join(lines)


if __name__ == "__main__":
    TABLE.write_text(table(Path(sys.argv[1])))
    print(f"{TABLE.name} is written")
