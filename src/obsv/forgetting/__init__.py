"""Forgetting on request: calls that a search finds, and all that is left of them, from everything that obsv keeps.

The order makes an interruption harmless: what is found by a call goes before the call, so that a repetition finds the
rest.
"""

from obsv.forgetting.forget import Asked, forget
from obsv.forgetting.outcome import Outcome

__all__ = ["Asked", "Outcome", "forget"]
