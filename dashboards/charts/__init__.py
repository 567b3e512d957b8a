"""Turns a frame into a figure."""
