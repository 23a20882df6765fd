"""The page for who does not see it, sees little, or has no mouse."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

SCENARIO = "#s1-s1-t1"
WIDE = {"width": 1400, "height": 900}
NARROW = {"width": 390, "height": 844}
OPEN_ALL = "document.querySelectorAll('details').forEach(each => { each.open = true; })"
OUTLINE = "(style => `${style.outlineStyle} ${style.outlineWidth}`)(getComputedStyle(document.activeElement))"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("opened", [True, False], ids=["all open", "as it comes"])
def test_axe_finds_nothing(look, results, scheme, viewport, opened):
    page = look(results, color_scheme=scheme, viewport=viewport)
    if opened:
        page.evaluate(OPEN_ALL)
        expect(page.locator(f"{SCENARIO} .timeline svg")).to_be_visible()
        expect(page.locator(".books tbody tr").first).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_whatever_the_tab_key_reaches_is_seen_to_have_the_focus(look, results, scheme):
    page = look(results, color_scheme=scheme, viewport=WIDE)
    page.evaluate(OPEN_ALL)
    expect(page.locator(".books tbody tr").first).to_be_visible()
    controls = page.locator("a[href], button, input:not([type=radio]), select, summary, [tabindex='0']")
    reachable = [each for each in controls.all() if each.is_visible()]
    seen = set()
    for _ in range(len(reachable) + 10):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.outerHTML"))
        if page.evaluate("document.activeElement.matches('body')"):
            break
        assert page.evaluate(OUTLINE) == "solid 3px", page.evaluate("document.activeElement.outerHTML")[:300]
    missed = [html for each in reachable if (html := each.evaluate("each => each.outerHTML")) not in seen]
    assert missed == []


def test_the_matrix_is_filtered_by_keyboard_alone(look, results):
    page = look(results)
    page.get_by_label("Search").first.focus()
    page.keyboard.type("fr-001")
    assert page.locator("#matrix-table tr[data-verdict]:visible th").all_text_contents() == ["FR-001"]
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.locator("input[name=verdict]:checked")).not_to_have_value("")
