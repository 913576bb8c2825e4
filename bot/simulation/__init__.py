"""A town on a virtual clock: the whole bot, and the people who live with it.

Everything but the network's far end, the clock and the people is the real thing. `popround
simulate` lives in it to answer organisers' questions ("what if we had twelve helpers?"), and the
tests to break promises in it. docs/decisions/0020 says how, and what it can't tell.
"""
