"""Slides of a Digital Slide Archive, read by region over its REST interface."""
