"""A generated file is read back: what was not meant to be in it is found."""

from __future__ import annotations

import pytest

from obsv.analysis.repro import parts
from obsv.analysis.repro.check import Meant, check
from obsv.errors import InvalidQuery

MEANT = Meant(("shop.orders", "Book", "Book"), None, "Book.match")
GOOD = """\
# A comment.
# Another.
import datetime

import pytest

from shop.orders import Book


def test_match() -> None:
    with pytest.raises(ValueError) as caught:
        Book.match(
            day=datetime.date.fromisoformat('2026-01-02'),
        )
    assert type(caught.value) is ValueError
    assert str(caught.value) == 'import evil'
"""


def test_a_good_file_passes() -> None:
    """Whatever its texts say."""
    check(GOOD, MEANT)


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        ("import datetime", "import datetime, os"),
        ("import datetime", "import evil"),
        ("import datetime", "import datetime as pytest"),
        ("from shop.orders import Book", "from evil import Book"),
        ("from shop.orders import Book", "from shop.orders import Book, evil"),
        ("from shop.orders import Book", "from .orders import Book"),
        ("from shop.orders import Book", ""),
        ("from shop.orders import Book", "from shop.orders import Book\nfrom shop.orders import Book"),
        ("import pytest", "import pytest\nevil()"),
        ("import pytest", "import pytest\nimport sys\nsys.path.insert(0, '/tmp')"),
        ("import pytest", "import pytest\nclass A: ..."),
        ("import pytest", "import pytest\ndef fill_in(name, recorded): evil()"),
        ("def test_match", "@evil\ndef test_match"),
        ("test_match()", "test_match(x=evil())"),
        ("'2026-01-02'", "evil"),
        ("'2026-01-02'", "evil()"),
        ("'2026-01-02'", "datetime.sys.exit()"),
        ("'2026-01-02'", "(lambda: 1)()"),
        ("'2026-01-02'", "[x for x in ()]"),
        ("'2026-01-02'", "Book.match()"),
        ("'2026-01-02'", "''.format(1)"),
        ("'2026-01-02'", "''.__class__"),
        ("'2026-01-02'", "Book.evil"),
        ("is ValueError", "is ValueError\n    import evil"),
        ("is ValueError", "is ValueError\n    exec('evil')"),
        ("is ValueError", "is ValueError\n    del caught"),
        ("Book.match(", "Book.unmatch("),
        ("# A comment.", "# coding: utf-7"),
        ("# Another.", "# vim: set fileencoding=latin-1"),
        ("# Another.", "\x00"),
        ("def test_match", "def match"),
    ],
)
def test_what_was_not_meant_is_found(part: str, instead: str) -> None:
    """Imports, calls, names, definitions, encodings; one of each way in."""
    assert part in GOOD
    with pytest.raises(InvalidQuery, match="No test was written for this call"):
        check(GOOD.replace(part, instead), MEANT)


def test_helpers_are_known_word_for_word() -> None:
    """With the module that they look members up in."""
    helper = parts.helper("class_of", "shop.orders")
    file = GOOD.replace("def test_match", f"{helper}\n\n\ndef test_match")
    check(file, MEANT)
    with pytest.raises(InvalidQuery):
        check(file.replace("'shop.orders'", "'os'"), MEANT)


def test_a_folder_is_put_on_the_path_only_where_it_was_meant() -> None:
    """The very folder."""
    file = GOOD.replace("from shop", "import sys\nsys.path.insert(0, '/srv/')\nfrom shop")
    check(file, MEANT._replace(folder="/srv/"))
    for folder in (None, "/tmp/"):
        with pytest.raises(InvalidQuery):
            check(file, MEANT._replace(folder=folder))
