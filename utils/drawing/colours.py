"""The colour of each role, in one place: for areas, for text, and for a later dark form."""

from typing import TypeVar

from matplotlib.artist import Artist
from matplotlib.colors import to_rgb
from matplotlib.typing import ColorType

from utils.style import INK, MUTED, PALETTE, TEXT_COLOURS

__all__ = [
    "INK",
    "MUTED",
    "PALETTE",
    "TEXT_COLOURS",
    "Colour",
    "mark",
    "mix",
    "readable_on",
    "role_of",
    "tint",
]

Colour = ColorType
SomeArtist = TypeVar("SomeArtist", bound=Artist)

_MARK = "role-"


def mix(colour: Colour, amount: float) -> tuple[float, float, float]:
    """Mix a colour with white: 0 is white, 1 the full colour."""
    red, green, blue = (1 - amount * (1 - channel) for channel in to_rgb(colour))
    return red, green, blue


def tint(role: str, amount: float) -> tuple[float, float, float]:
    """Mix the colour of a role with white: 0 is white, 1 the full colour."""
    return mix(PALETTE[role], amount)


def readable_on(colour: Colour, *, ink: str = INK) -> str:
    """Return `ink` or white, whichever contrasts more with `colour` (WCAG contrast)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return ink if (luminance + 0.05) ** 2 > 0.0525 else "white"


def mark(artist: SomeArtist, role: str) -> SomeArtist:
    """
    Note on an artist what it stands for, and return it.

    The role is a key of `PALETTE`, or "ink", "picture" or "signed". A drawing in other colours can
    then replace the colours by role: it need not guess them from what was drawn.
    """
    artist.set_gid(_MARK + role)
    return artist


def role_of(artist: Artist) -> str | None:
    """Return the role that an artist was marked with, or None."""
    gid = artist.get_gid()
    return gid.removeprefix(_MARK) if gid and gid.startswith(_MARK) else None
