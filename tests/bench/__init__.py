"""``make bench``: how fast ringback is, beside plain code that does the same work in the same run."""
