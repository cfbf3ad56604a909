"""Cut a mathematics font down to letters and to what the formulas of the built site show."""

import argparse
import re
import unicodedata
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]

# Browsers show a letter that stands alone in its italic form, a character of its own.
ITALIC = {
    unicodedata.normalize("NFKC", chr(code)): chr(code)
    for code in (0x210E, *range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C))
    if unicodedata.category(chr(code)) != "Cn"
}
ALWAYS = {chr(code) for code in range(0x20, 0x7F)} | set(ITALIC.values())
INVISIBLE = {"\u2061"}


def characters(site: Path) -> set[str]:
    """Return the characters that the formulas of a built site show, letters as browsers do."""
    found: set[str] = set()
    for page in site.glob("*.html"):
        for formula in re.findall(
            r"<math\b.*?</math>", page.read_text(encoding="utf-8"), re.DOTALL
        ):
            for element in ElementTree.fromstring(formula).iter():
                text = element.text or ""
                italic = element.tag.endswith("}mi") and element.get("mathvariant") != "normal"
                found.update(ITALIC.get(text, text) if italic else text)
    return found - INVISIBLE


def subset_math_font(source: Path, target: Path, wanted: set[str]) -> None:
    """Write some characters of a font as WOFF2, with the table that lays formulas out."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    font = TTFont(source, recalcTimestamp=False)
    missing = sorted(wanted - {chr(code) for code in font.getBestCmap()})
    if "MATH" not in font or missing:
        raise ValueError(f"{source} is not suitable; missing characters: {' '.join(missing)}")
    options = subset.Options(
        flavor="woff2",
        layout_features=["ssty", "dtls", "flac", "rtlm", "kern", "mark"],
        hinting=False,
        desubroutinize=True,
    )
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[ord(character) for character in wanted])
    subsetter.subset(font)
    subset.save_font(font, str(target), options)


def main() -> None:
    """Read the command line and write the font."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="for example STIXTwoMath-Regular.ttf")
    parser.add_argument("target", type=Path, help="the WOFF2 file to write")
    parser.add_argument("--site", type=Path, default=ROOT / "_build/html", help="the built pages")
    options = parser.parse_args()
    subset_math_font(options.source, options.target, ALWAYS | characters(options.site))
    print(f"{options.target}: {options.target.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
