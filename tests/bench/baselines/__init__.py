"""What others do by the usual means, to measure ours beside it."""
