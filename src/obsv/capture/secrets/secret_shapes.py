"""Secrets recognized by their shape, under any name.

    mask_shapes("Bearer eyJ…")    ->  "Bearer ***"

Pure, and linear in the text's length. Called by the code that converts values to stored text, outside the call path: a
row's values without a mark of any shape take 2 µs.
"""

from __future__ import annotations

import re
import string
from base64 import b64decode
from functools import lru_cache
from typing import Final

from obsv.capture.secrets.mask import MASK

# Letters of keys and tokens are mapped to one letter, so that a run of them is a substring: `translate` and `find` of
# bytes are twenty times as fast as a regular expression. Likewise digits and the separators in card numbers. Characters
# of paths, versions, dates and UUIDs are excluded.
_LETTERS = f"{string.ascii_letters}{string.digits}_".encode()
_DIGITS = f"{string.digits} -".encode()
_RUNS = bytes(ord("a") if code in _LETTERS else ord(" ") for code in range(256))
_CARD_RUNS = bytes(ord("0") if code in _DIGITS else ord(" ") for code in range(256))
_RUN, _CARD_RUN = b"a" * 16, b"0" * 13
_START = r"(?<![A-Za-z0-9_\-])"
_TOKEN = "|".join(
    (
        r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])",
        r"gh[pousr]_[A-Za-z0-9]{20,255}",
        r"github_pat_[A-Za-z0-9_]{20,255}",
        r"glpat-[\w\-]{16,255}",
        r"xox[a-z]-[\w\-]{10,255}",
        r"xapp-\d-[\w\-]{10,255}",
        r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,255}",
        r"whsec_[A-Za-z0-9+/=]{16,255}",
        r"sk-(?=[A-Za-z_\-]{0,80}\d)[\w\-]{20,255}",
        r"hf_[A-Za-z0-9]{20,255}",
        r"npm_[A-Za-z0-9]{30,255}",
        r"pypi-[\w\-]{32,512}",
        r"AIza[\w\-]{30,60}",
        r"ya29\.[\w\-.]{20,2048}",
        r"SG\.[\w\-]{16,64}\.[\w\-]{16,64}",
        r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
        r"dop_v1_[a-f0-9]{32,64}",
        r"dckr_pat_[\w\-]{20,64}",
        r"hvs\.[\w\-]{20,512}",
        r"ATATT3[\w\-=]{20,512}",
        r"PMAK-[a-f0-9\-]{20,128}",
        r"glsa_[A-Za-z0-9]{20,64}_[a-f0-9]{8}",
        r"sq0(?:atp|csp)-[\w\-]{20,64}",
        r"xkeysib-[a-f0-9]{32,128}-[A-Za-z0-9]{8,32}",
        r"dapi[a-f0-9]{32}(?:-\d)?",
        r"AGE-SECRET-KEY-1[A-Z0-9]{20,128}",
        r"lin_api_[A-Za-z0-9]{20,64}",
        r"ntn_[A-Za-z0-9]{30,64}",
        r"key-[a-f0-9]{32}",
        r"SK[a-f0-9]{32}(?![A-Za-z0-9])",
        r"(?:bot)?\d{8,10}:AA[\w\-]{33}(?![\w\-])",
        # JSON Web Tokens, signed or encrypted: the first part is JSON that begins with `{"`.
        r"eyJ[\w\-]{8,8192}(?:\.[\w\-]{0,16384}){1,4}",
    )
)
_BASE64 = f"{string.ascii_letters}{string.digits}+/=\\\r\n"
_CARD = re.compile(r"(?<![\w.\-])\d(?:[ \-]?\d){12,18}(?![\w\-]|\.\d)")
# First digits and lengths of card numbers.
_ISSUER = re.compile(
    r"(?:4\d{15}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|62\d{14,17}|35\d{14}|3(?:0[0-5]|[68]\d)\d{11})$"
)


class _Shapes:
    """The patterns, compiled when the first text with a mark is read."""

    def __init__(self) -> None:
        self.token = re.compile(f"{_START}(?:{_TOKEN})")
        self.pem = re.compile(r"-----BEGIN (?P<kind>[A-Z0-9 ]{1,48})-----")
        self.pem_end = re.compile(r"-----END [A-Z0-9 ]{1,48}-----")
        self.url = re.compile(
            r"(?<=://)(?!\[)(?P<user>[^\s/:@\"'<>?#]{0,256}:)"
            r"(?:[^\s\"'<>/?#@]{0,256}(?:@[^\s\"'<>/?#@]{1,256})*|(?!\d{1,5}[/?#])[^\s\"'<>@]{0,256})(?=@)"
        )
        encoded = r"(?:[\w.~+!$*()\-]|%(?:25)?(?!25|2f|3a|3f|23|40)[0-9a-f]{2})"
        self.encoded_url = re.compile(
            rf"(?i)(%(?:25)?3a%(?:25)?2f%(?:25)?2f{encoded}{{0,256}}%(?:25)?3a){encoded}{{1,256}}(?=%(?:25)?40)"
        )
        self.url_token = re.compile(r"(?<=https://)[^\s/:@\"'<>?#]{1,256}(?=@)|(?<=http://)[^\s/:@\"'<>?#]{1,256}(?=@)")
        self.oracle = re.compile(r"(jdbc:oracle:\w{1,8}:[\w.]{1,64}/)[^\s@\"']{1,256}(?=@)")
        self.hook = re.compile(
            r"((?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks/\d{1,32})/)"
            r"[\w\-/]{8,256}"
        )
        # Options that take a password, or a user with one, without a name.
        self.command = re.compile(
            r"((?<![\w\-])(?:sshpass[ ]{1,4}-p[ ]{0,4}|redis-cli\b[^\n;|&]{0,128}?[ ]-a[ ]{1,4}"
            r"|(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n;|&]{0,128}?[ ]-p(?=[^\s\-])"
            r"|(?:curl|wget|http)\b[^\n;|&]{0,256}?[ ](?:-u|--user|--proxy-user)[ =]{1,4}[\"']?[^\s:\"']{1,128}:))"
            r"[^\s\"']{1,256}"
        )
        self.signed = re.compile(
            r"(?i)([?&](?:X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)|signature|sig|AWSAccessKeyId)=)[^\s&\"'<>#]{1,4096}"
        )
        self.bearer = re.compile(r"(?i)(\b(?:bearer|negotiate)[ ]{1,4})(?P<value>[A-Za-z0-9._~+/\-]{8,16384}=*)")
        self.basic = re.compile(r"(?i)(\bbasic[ ]{1,4})(?P<value>[A-Za-z0-9+/\-_]{6,4096}=*)")
        self.scheme = re.compile(
            r"(?i)(\b(?:token|apikey)[ ]{1,4}(?:token=)?\"?)(?P<value>[A-Za-z0-9._~+/\-]{20,4096}=*)"
        )
        self.signature = re.compile(
            r"(?i)(\b(?:digest[ ]{1,4}username=|AWS4-HMAC-SHA256[ ]{1,4}Credential=))[^\n\r]{1,4096}"
        )


@lru_cache(maxsize=1)
def _shapes() -> _Shapes:
    return _Shapes()


# What every shape without a run contains.
MARKS: Final = (
    *("://", " -", "-----", "arer ", "ARER ", "asic ", "ASIC ", "igest ", "SHA256 "),
    *("jdbc:", "xox", "sk-", "glpat-", "xapp-", "%40", "%2540", "FIED BY ", "fied by "),
)

# What begins the value of a header, in lower case. These are words of many texts, and none of `MARKS`.
SCHEMES: Final = ("bearer", "basic", "digest", "sha256", "gotiate", "token", "apikey")


def may_have_shape(text: str) -> bool:
    """Return whether a text may contain a secret's shape; takes 1 µs for a hundred characters."""
    data = text.encode("utf-8", "replace")
    # `MARKS` written out, because a loop takes three times as long. `in` of bytes takes ten times as long as `find`.
    return (
        data.translate(_RUNS).find(_RUN) >= 0
        or data.translate(_CARD_RUNS).find(_CARD_RUN) >= 0
        or "://" in text
        or " -" in text
        or "-----" in text
        or "arer " in text
        or "ARER " in text
        or "asic " in text
        or "ASIC " in text
        or "igest " in text
        or "SHA256 " in text
        or "jdbc:" in text
        or "xox" in text
        or "sk-" in text
        or "glpat-" in text
        or "xapp-" in text
        or "%40" in text
        or "%2540" in text
        or "FIED BY " in text
        or "fied by " in text
    )


def mask_shapes(text: str) -> str:
    """Return the text with everything that has the shape of a secret replaced by `***`.

    Recognized are JSON Web Tokens, PEM blocks that are not public, keys and tokens of AWS, GitHub, GitLab, Slack,
    Stripe, OpenAI, Google and others with their own prefix, values of Authorization headers, passwords and signatures
    in URLs, and card numbers with a valid check digit.
    """
    if not may_have_shape(text):
        return text
    shapes = _shapes()
    text = mask_blocks(text)
    text = shapes.token.sub(MASK, text)
    if "%40" in text or "%2540" in text:
        text = shapes.encoded_url.sub(rf"\1{MASK}", text)
    if "://" in text or "jdbc:" in text:
        text = _without_url_secrets(text, shapes)
    if " -" in text:
        text = shapes.command.sub(rf"\1{MASK}", text)
    lower = text.lower()
    if "digest " in lower or "sha256 " in lower:
        text = shapes.signature.sub(rf"\1{MASK}", text)
    if "bearer " in lower or "negotiate " in lower:
        text = shapes.bearer.sub(_bearer, text)
    if "basic " in lower:
        text = shapes.basic.sub(_basic, text)
    if "token " in lower or "apikey " in lower:
        text = shapes.scheme.sub(_scheme, text)
    return _CARD.sub(_card, text)


def mask_blocks(text: str) -> str:
    """Return the text with the PEM blocks masked that are not public."""
    if "-----" not in text:
        return text
    shapes = _shapes()
    parts, done = [], 0
    while begin := shapes.pem.search(text, done):
        end = shapes.pem_end.search(text, begin.end())
        # A truncated block has no end.
        stop = end.start() if end else len(text)
        is_public = "PUBLIC" in begin["kind"] or "CERTIFICATE" in begin["kind"]
        parts += [text[done : begin.end()], text[begin.end() : stop] if is_public else MASK]
        done = stop
    return _without_block_end("".join([*parts, text[done:]]), shapes)


def _without_block_end(text: str, shapes: _Shapes) -> str:
    """Mask the rest of a private key whose beginning was cut off."""
    end = shapes.pem_end.search(text)
    if end is None or "PRIVATE KEY" not in end[0]:
        return text
    head = text[: end.start()].rstrip(_BASE64)
    return text if end.start() - len(head) < len(MASK) or head.endswith(MASK) else f"{head}{MASK}{text[end.start() :]}"


def _without_url_secrets(text: str, shapes: _Shapes) -> str:
    if "@" in text:
        text = shapes.url_token.sub(MASK, shapes.url.sub(rf"\g<user>{MASK}", text))
        text = shapes.oracle.sub(rf"\1{MASK}", text)
    return shapes.signed.sub(rf"\1{MASK}", shapes.hook.sub(rf"\1{MASK}", text))


def _bearer(match: re.Match[str]) -> str:
    value = match["value"]
    # "a bearer certificate" is a word.
    is_word = value.isalpha() and value.islower() and len(value) < 20
    return match[0] if is_word else f"{match[1]}{MASK}"


def _basic(match: re.Match[str]) -> str:
    value = match["value"]
    try:
        decoded = b64decode(value + "=" * (-len(value) % 4), altchars=b"-_" if "-" in value or "_" in value else None)
    except ValueError:
        return match[0]
    return f"{match[1]}{MASK}" if b":" in decoded or value.endswith("=") else match[0]


def _scheme(match: re.Match[str]) -> str:
    return f"{match[1]}{MASK}" if any(map(str.isdigit, match["value"])) else match[0]


def _card(match: re.Match[str]) -> str:
    digits = match[0].replace(" ", "").replace("-", "")
    return MASK if _ISSUER.match(digits) and _passes(digits) else match[0]


def _passes(digits: str) -> bool:
    """Return whether the check digit is valid (ISO/IEC 7812, Luhn)."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
