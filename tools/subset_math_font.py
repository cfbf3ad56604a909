"""Cut an OpenType mathematics font down to what the formulas of the book can show."""

import argparse
import sys
from pathlib import Path

from tools.sphinx_ext.latex_mathml import characters


def subset_math_font(source, target):
    """
    Write the characters of the book's formulas as WOFF2, with the table that lays them out.

    Parameters
    ----------
    source : path
        A font with a ``MATH`` table, such as STIX Two Math (TrueType or OpenType).
    target : path
        The WOFF2 file to write.

    Raises
    ------
    ValueError
        When the font lacks the ``MATH`` table, or a character.
    """
    from fontTools import subset
    from fontTools.ttLib import TTFont

    font = TTFont(source, recalcTimestamp=False)
    missing = sorted(characters() - {chr(code) for code in font.getBestCmap()})
    if "MATH" not in font or missing:
        raise ValueError(f"{source} is not suitable; missing characters: {' '.join(missing)}")
    options = subset.Options()
    options.flavor = "woff2"
    options.layout_features = ["ssty", "dtls", "flac", "rtlm", "kern", "mark"]
    options.hinting = False
    options.desubroutinize = True
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[ord(character) for character in characters()])
    subsetter.subset(font)
    subset.save_font(font, str(target), options)


def main():
    """Read the command line and write the font."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="for example STIXTwoMath-Regular.ttf")
    parser.add_argument("target", type=Path, help="the WOFF2 file to write")
    options = parser.parse_args()
    try:
        subset_math_font(options.source, options.target)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    print(f"{options.target}: {options.target.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
