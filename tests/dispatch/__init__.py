"""Who is asked, compared: `make dispatch`, or `python -m tests.dispatch [--seeds N]`.

Popround's policy beside five others, in the same town with the same people. What came of it is in
docs/dispatch.md.
"""
