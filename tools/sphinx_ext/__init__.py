"""The extensions of the site."""
