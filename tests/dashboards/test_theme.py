"""Colours that everybody can read."""

import pytest

from obsv.dashboards.theme import DARK, LIGHT, PALETTES, SERIES, SURFACE_TOKENS, TEXT_TOKENS, Scheme, contrast, figure
from obsv.dashboards.theme import stylesheet as css

SCHEMES: tuple[Scheme, ...] = ("dark", "light")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("text", TEXT_TOKENS)
@pytest.mark.parametrize("surface", [*SURFACE_TOKENS, "soft"])
def test_text_has_contrast(scheme: Scheme, text: str, surface: str) -> None:
    """4.5 or more on every surface, and on the soft background of its own colour (WCAG 2.2, 1.4.3)."""
    palette = PALETTES[scheme]
    if surface == "soft":
        surface = text.replace("-text", "-soft") if text.endswith("-text") else "accent-soft"
    assert contrast(palette[text], palette[surface]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("token", ["code-keyword", "code-string", "code-name", "code-number", "code-comment"])
def test_source_has_contrast(scheme: Scheme, token: str) -> None:
    """On its background, and on that of the failing line."""
    palette = PALETTES[scheme]
    assert min(contrast(palette[token], palette["bg"]), contrast(palette[token], palette["err-soft"])) >= 4.5


@pytest.mark.parametrize("colour", SERIES)
def test_series_are_seen_on_both_themes(colour: str) -> None:
    """3 or more (WCAG 2.2, 1.4.11)."""
    assert min(contrast(colour, DARK["surface"]), contrast(colour, LIGHT["surface"])) >= 3


def test_the_tokens_of_the_design_are_kept() -> None:
    """Background, accent, OK, ERR and stale are given."""
    given = {"bg": "#0d1117", "accent": "#3e8ef7", "ok": "#2dc26b", "err": "#e55353", "stale": "#f0ad4e"}
    assert {name: DARK[name] for name in given} == given


def test_both_themes_have_the_same_tokens() -> None:
    """A variable that one lacks would be invisible in it."""
    assert DARK.keys() == LIGHT.keys()


def test_dark_is_the_default() -> None:
    """The variables of the root are dark; light needs the attribute."""
    assert ":root{color-scheme:dark;--bg:#0d1117;" in css()
    assert ":root[data-theme=light]{color-scheme:light;" in css()


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21.0), ("#ffffff", "#ffffff", 1.0), ("#777777", "#ffffff", 4.48)]
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    """Known pairs."""
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)


def test_a_figure_keeps_the_house_layout() -> None:
    """Given entries are merged one level deep."""
    made = figure([], xaxis={"nticks": 3})
    assert (made["layout"]["xaxis"]["nticks"], made["layout"]["xaxis"]["showgrid"]) == (3, False)
