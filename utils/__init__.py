"""Helpers shared by the notebooks of the book: import the module you need."""
