"""The work behind each call of the `popround` command."""
