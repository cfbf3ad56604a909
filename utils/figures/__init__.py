"""Figures that one chapter draws, a module for each chapter."""
