"""Decides whether a PIN is weak: short, or among the first that anybody would guess."""

MIN_LENGTH = 6
MIN_GUESSES = 10_000
"""A PIN that falls within so many guesses is no better than four digits."""


def is_weak(pin: str, login: str) -> bool:
    """Whether a PIN has fewer than MIN_LENGTH characters, or zxcvbn finds it within MIN_GUESSES."""
    if len(pin) < MIN_LENGTH:
        return True
    from zxcvbn import zxcvbn  # its word lists take 14 MiB: few processes ever ask

    return int(zxcvbn(pin, user_inputs=[login])["guesses"]) < MIN_GUESSES
