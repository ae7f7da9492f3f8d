"""The bounds of deploy_verdict.rates in the judge's words. Pure."""

from deploy_verdict.rates import RARE, USUAL, clean_needed, possible_percent

__all__ = ["RARE", "USUAL", "clean_needed", "excluded_percent", "possible_percent"]


def excluded_percent(clean: int) -> float:
    """No error in n runs excludes rates above this, at 95 %; of no run at all, nothing."""
    return possible_percent(0, clean)
