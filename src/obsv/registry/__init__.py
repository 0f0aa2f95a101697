"""The registry: models, configurations and data by the digest of their bytes, with what they were made of."""

from obsv.registry.configuration import flat
from obsv.registry.content import Content, content_of, digest_of
from obsv.registry.differences import Difference, differences
from obsv.registry.registration import register
from obsv.registry.verify import MOST_ASKED, Verdict, verify

__all__ = [
    "MOST_ASKED",
    "Content",
    "Difference",
    "Verdict",
    "content_of",
    "differences",
    "digest_of",
    "flat",
    "register",
    "verify",
]
