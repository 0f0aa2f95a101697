"""Five planted faults are found from the overview: which value caused each is a few clicks away."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

PROGRAM = Path(__file__).parents[1] / "support" / "planted_faults.py"
# The error on the overview, the clue to follow, and what is then on the screen.
PATHS = {
    "stale price": ("off the market", "fetch_price", "was the same in the last", "fetch_price"),
    "None from a configuration": ("NoneType", "load_config", "return of", "b.toml"),
    "changed unit": ("overload", "read_weight", "here,", "2580"),
    "race": ("cash is", "withdraw", "at the same time", "'t3'"),
    "slow query": ("too long", "find_orders", "rows =", "3000"),
}


def test_each_value_is_two_clicks_from_the_overview(page: Page, serve: Callable[..., str], tmp_path: Path) -> None:
    """A stale price, None out of a configuration, another unit, a race, a slow query."""
    subprocess.run([sys.executable, str(PROGRAM), str(tmp_path / "obsv.db")], check=True, timeout=240)
    address = serve(tmp_path / "obsv.db")
    for error, function, remark, value in PATHS.values():
        page.goto(address + "/")
        page.locator(".error-row").filter(has_text=error).click()
        page.locator("a.clue").filter(has_text=function).filter(has_text=remark).first.click()
        shown = page.locator("#explorer-grid" if function == "withdraw" else "#trace-panel")
        expect(shown).to_contain_text(value)
