"""The index page."""

import pytest

from obsv.dashboards.app import put_off
from obsv.dashboards.pages import PAGES

SCRIPTS = """<script src="/_dash-component-suites/dash_ag_grid/dash_ag_grid.v1.min.js"></script>
<script src="/_dash-component-suites/dash_cytoscape/dash_cytoscape.v1.min.js"></script>
<script src="/assets/shell/shell.js"></script>"""
LATER = '<link rel="prefetch" as="script" href="/_dash-component-suites/{0}/{0}.v1.min.js" data-later>'


@pytest.mark.parametrize(
    ("needed", "later"), [(("dash_ag_grid",), "dash_cytoscape"), (("dash_cytoscape",), "dash_ag_grid")]
)
def test_libraries_that_a_page_does_not_need_come_later(needed: tuple[str, ...], later: str) -> None:
    """Those it needs, and all other scripts, stay where they are."""
    given, found = SCRIPTS.splitlines(), put_off(SCRIPTS, needed).splitlines()
    at = next(place for place, line in enumerate(given) if later in line)
    assert found.pop(at) == LATER.format(later)
    assert found == [line for line in given if later not in line]


def test_pages_name_the_libraries_they_draw_with() -> None:
    """A page with a grid or a graph has it from the beginning."""
    named = {page.title: page.libraries for page in PAGES if page.libraries}
    assert named == {"Explorer": ("dash_ag_grid",), "Trace": ("dash_ag_grid",), "Flow": ("dash_cytoscape",)}
