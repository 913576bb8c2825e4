"""Measures, side by side: `make bench`, or `python -m tests.bench [NAME] [--quick]`."""
