"""Patterns for names with values in free text. Each takes linear time."""

from __future__ import annotations

import re
from functools import lru_cache

_SPACES = r"[ \t]{0,8}"
_LABEL = (
    r"(?<![\w.\-])(?i:(?:parameter|attribute|property|env|tag)?_?(?:name|key)|id|field|header|param|parameter|variable"
    r"|option|setting)(?:\\{0,8}[\"'])?\s?[:=]\s?(?:[bru]?\\{0,8}[\"'])?"
)
_VALUE = r"(?i:(?:parameter|attribute|property|env|tag)?_?(?:value|val)|plaintext)(?:\\{0,8}[\"'])?"
# Read once, up to `:value:`: the text behind it is not tried again for each of its letters.
_KEY = (
    rf"(?=(?P<key>(?:(?![:/]{_VALUE}\s?[:=])[\w.\-/:]){{1,128}}"
    r"(?:(?:[ ][\w.\-/:]{1,64}){1,3}(?=\\{0,8}[\"']))?))(?P=key)"
)


class Patterns:
    """The patterns; compiled when the first text is read, to save 2 ms of `import obsv`.

    Attributes:
        pair: a name, and the text between it and its value: `op` between spaces, or the comma of a pair in a list. A
            run of
            name characters is tried once, from its start, and the text after it is limited. Up to three words, as in
            "API key: …".
        pair_opens: text before the name of a pair in a list.
        option: `--name value`.
        element: `<name>value</name>`.
        validation: pydantic names the field on one line and shows its value on the next.
        labelled: `name: key, value: …` and `name=key value=…`, as in the environment of a container or in XML.
        value_first: the same the other way round.
        part: a field of `multipart/form-data`, whose value is on a line of its own.
        encoded: a name with its value in a text that is encoded as part of a URL.
        statement: `IDENTIFIED BY 'x'` of SQL.
        account: how a statement of SQL begins that may have it; elsewhere these are words of English.
        block: `|` or `>` after `key:` in YAML, and the indentation of the lines that follow.
        spoken: `password 'x'`, and the word before it.
        named: text after the name of a secret that is not revealed.
        directory: text after `pwd=` if it is the working directory.
        file: the end of a file's name: `auth.py:12` is a location.
        place: a line number, or a port.
        error: the name of an error: `jwt.InvalidTokenError: …` is a message.
    """

    def __init__(self) -> None:
        self.pair = re.compile(
            r"(?<![\w.\-])(?P<key>[\w.\-]+(?:[ ][\w.\-]+){0,2})(?P<quote>\\{0,8}[\"'])?\]?"
            rf"(?:(?P<sep>{_SPACES}(?P<op>=>|[!<>:+]?={{1,3}}|:(?!:|//)){_SPACES})|,{_SPACES}(?=[bru]?\\{{0,8}}[\"']))"
        )
        self.pair_opens = re.compile(r"[(\[][bru]?\\{0,8}[\"']$")
        self.option = re.compile(r"(?<![\w\-])--?(?P<key>[^\W\d][\w.\-]{1,63})[ ]{1,8}(?=[^\s\-])")
        self.element = re.compile(r"<(?P<key>[^\W\d][\w.:\-]{0,63})(?:\s[^<>]{0,256})?>(?P<value>[^<]+)(?=</)")
        self.validation = re.compile(
            r"^(?P<key>[\w.\-]{1,64})\n[ \t]{1,8}[^\n]{0,512}?input_value=(?P<value>[^\n]{0,512}?)(?=, input_type=|$)",
            re.MULTILINE,
        )
        # Between name and value are at most a few other members of the same object, and no other name.
        self.labelled = re.compile(
            rf"{_LABEL}{_KEY}(?:(?!{_LABEL})[^{{}}()<>\[\]]){{0,160}}?"
            rf"(?<![\w.\-])(?P<shown>\\{{0,8}}[\"'])?{_VALUE}\s?(?P<op>[:=])[ \t]?"
        )
        self.value_first = re.compile(
            rf"(?<![\w.\-]){_VALUE}\s?[:=]\s?[bru]?(?P<quote>\\{{0,8}}[\"'])(?P<value>[^\"'\\\n]{{1,1024}})(?P=quote)"
            rf"(?:(?!{_VALUE})[^{{}}()<>\[\]]){{1,160}}?{_LABEL}{_KEY}"
        )
        end_of_line = r"(?:\r?\n|(?:\\{1,8}r)?\\{1,8}n\0?)"
        self.part = re.compile(
            rf"(?i)form-data;[^\r\n\\]{{0,256}}?\bname=\\{{0,8}}\"?(?P<key>[\w.\- ]{{1,64}})\\{{0,8}}\"?"
            rf"(?:{end_of_line}[\w\-]{{1,64}}:[^\r\n\\]{{0,256}}){{0,4}}{end_of_line}{{2}}(?P<value>[^\r\n\\]+)"
        )
        self.encoded = re.compile(
            r"(?i)(?:%(?:25)?[0-9a-f]{2}|(?<![\w.\-%]))(?P<key>[^\W\d][\w.\-]{0,63})(?:%(?:25)?2[27])?(?:%(?:25)?20|\+)?"
            r"%(?:25)?3[ad](?:%(?:25)?20|\+)?(?:%(?:25)?2[27])?(?P<value>(?:[^\s\"'%&]|%(?!(?:25)?(?:2[267c]|7d|0a)))+)"
        )
        self.statement = re.compile(
            r"(?i)\bidentified[ ]{1,8}(?P<plugin>with[ ]{1,8}\S{1,64}[ ]{1,8})?(?:by|as)[ ]{1,8}"
            r"(?:(?:password|values)[ ]{1,8})?"
        )
        self.account = re.compile(
            r"(?i)\b(?:(?:create|alter)\s{1,8}(?:or\s{1,8}replace\s{1,8})?(?:user|role|database)|grant|set\s{1,8}role"
            r"|connect\s{1,8}to)\b"
        )
        self.block = re.compile(
            r"[ \t]{0,8}(?:[!&][^\s|>]{0,64}[ \t]{1,8}){0,2}[|>][+\-0-9]{0,2}[ \t]{0,64}(?:#[^\n]{0,512})?\r?\n"
            r"(?:[ \t]{0,64}\r?\n){0,16}(?P<indent>[ \t]{1,64})(?=[^\s])"
        )
        self.spoken = re.compile(
            r"(?<![\w.\-])(?:(?P<before>[A-Za-z]{1,32})[ ])?(?P<key>[A-Za-z][\w\-]{1,63})[ ]"
            r"(?=[bru]?[\"'][^\s,;:)\]}\"'])"
        )
        self.named = re.compile(
            r"\s+(?:(?:was |is )?not (?:found|in|allowed)|does not exist|is (?:required|missing|not defined|not set)"
            r"|must |cannot be |in namespace|already exists)"
        )
        self.directory = re.compile(r"[bru]?\\{0,8}[\"']?(?:/|~|[A-Za-z]:\\|[A-Za-z]:/|\$|\.)")
        self.file = re.compile(r"\.(?:py[xic]?|[jt]s|json|ya?ml|toml|ini|cfg|txt|log)$")
        self.place = re.compile(r"\d{1,5}(?!\w)")
        self.error = re.compile(
            r"(?:Error|Exception|Warning|Failure|Failed|Invalid|Expired|Missing|Required|Mismatch|Revoked|NotFound)$"
            r"|^(?:Invalid|Expired|Missing|Bad|Wrong|Unknown|Unsupported|Incorrect|Revoked|Malformed|No)[A-Z]"
        )


@lru_cache(maxsize=1)
def patterns() -> Patterns:
    """Return the patterns, compiled once per process."""
    return Patterns()
