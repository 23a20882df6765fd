"""The page in a real browser: what a reader clicks, on a wide and on a narrow screen, by keyboard, and on paper."""

import pytest
from playwright.sync_api import expect

NARROW = {"viewport": {"width": 360, "height": 740}}
SCENARIO = "#s1-s1-t1"


def shown_ids(page):
    return page.locator("#matrix-table tr[data-verdict]:visible th").all_text_contents()


def test_the_search_leaves_what_was_asked_for(look, results):
    page = look(results)
    page.get_by_label("Search").first.fill("fr-010")
    assert shown_ids(page) == ["FR-010"]
    expect(page.locator("#matrix-count")).to_have_text("1 of 45 ids")
    page.get_by_label("Search").first.fill("")
    expect(page.locator("#matrix-count")).to_have_text("45 ids")


def test_verdicts_can_be_chosen(look, results):
    page = look(results)
    page.get_by_label("failing (1)").check()
    assert shown_ids(page) == ["FR-002"]
    page.get_by_label("proved (3)").check()
    assert shown_ids(page) == ["US-1 AC-1", "FR-001", "SC-001"]


def test_from_an_id_one_click_leads_to_its_proof_with_its_picture(look, results):
    page = look(results, "#fr-001")
    page.locator("#fr-001 a").click()
    expect(page.locator(f"{SCENARIO}[open] .timeline svg")).to_be_visible()
    expect(page.locator(SCENARIO)).to_contain_text("50 uploads of 50 keys: no key was stored twice")


def test_the_picture_shows_runs_stops_outages_resumes_states_and_uploads(look, results):
    page = look(results, SCENARIO)
    picture = page.locator(f"{SCENARIO} .timeline svg")
    marks = ("run starts", "SIGTERM", "ends: exit code 143", "server frozen", "state damaged: truncated")
    legends = ("in progress", "stored again", "resume", "outage", "run 2 starts")
    for told in (*marks, *legends):
        expect(picture.get_by_text(told, exact=True).first).to_be_visible()


def test_the_books_can_be_searched(look, results):
    page = look(results, SCENARIO)
    page.get_by_text("Books: inventory").click()
    rows = page.locator(f"{SCENARIO} .books tbody tr")
    expect(rows).to_have_count(50)
    page.locator(f"{SCENARIO} .books input").fill("file-00017")
    expect(rows).to_have_count(1)
    page.locator(f"{SCENARIO} .books select").select_option("what differs")
    expect(rows).to_have_count(0)


def test_a_failure_leads_into_log_html_where_it_is_shown(look, results):
    page = look(results)
    page.locator(".failure a", has_text="the test in log.html").click()
    expect(page.locator("#s1-s1-t2")).to_be_visible()
    expect(page.locator("#s1-s1-t2")).to_contain_text("Expected 1 row, seen 2 rows")


@pytest.mark.parametrize("file", ["log.html", "report.html"])
def test_from_robots_own_pages_two_clicks_lead_to_the_proof_of_an_id_and_a_third_back_into_the_log(look, results, file):
    page = look(results, file=file)
    page.locator("tr", has_text="fr-001").get_by_role("link", name="proof").click()
    expect(page.locator("#fr-001")).to_be_in_viewport()
    page.locator("#fr-001 a").first.click()
    expect(page.locator(f"{SCENARIO}[open] .timeline svg")).to_be_visible()
    page.locator(SCENARIO).get_by_role("link", name="In log.html").click()
    expect(page).to_have_url(f"{(results / 'log.html').as_uri()}{SCENARIO}")
    expect(page.locator(SCENARIO)).to_contain_text("gate.jsonl")


def test_evidence_opens(look, results):
    page = look(results, SCENARIO)
    page.locator(f"{SCENARIO} summary", has_text="Evidence").click()
    page.locator(f"{SCENARIO} .files a", has_text="gate.jsonl").click()
    expect(page.locator("body")).to_contain_text("PutObject")


def test_five_thousand_files_are_drawn_and_what_differs_comes_first(look, many_files):
    page = look(many_files, SCENARIO)
    expect(page.locator(f"{SCENARIO} .timeline canvas")).to_be_visible(timeout=20_000)
    page.locator(".books summary").click()
    rows = page.locator(".books tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("exactly one version")
    page.locator(".books select").select_option("all")
    expect(rows).to_have_count(300)
    page.get_by_role("button", name="Show all 5000").click()
    expect(rows).to_have_count(5000)


def test_a_narrow_screen_needs_no_sideways_scrolling(look, results):
    page = look(results, SCENARIO, **NARROW)
    expect(page.locator(f"{SCENARIO} .timeline svg")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_colours_follow_the_system_and_can_be_chosen(look, results):
    page = look(results, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(20, 23, 26)"
    page.get_by_label("Colours").select_option("light")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_everything_can_be_reached_and_opened_by_keyboard(look, results):
    page = look(results)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.locator(f"{SCENARIO} > summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"{SCENARIO} .timeline svg")).to_be_visible()


def test_what_is_shown_has_a_name_for_screen_readers(look, results):
    page = look(results, SCENARIO)
    expect(page.get_by_role("region", name="Traceability matrix", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="Timeline: 50 files, 2 runs")).to_be_visible()
    assert page.locator("h1").count() == 1
    controls = "[...document.querySelectorAll('a,button:not([hidden]),input,select')]"
    unnamed = f"{controls}.filter(each => !each.textContent.trim() && !each.labels?.length).map(each => each.outerHTML)"
    assert page.evaluate(unnamed) == []


def test_on_paper_it_has_the_verdict_the_matrix_and_no_controls(look, results):
    page = look(results)
    page.emulate_media(media="print")
    expect(page.locator("#matrix-filters")).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("#fr-010")).to_be_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_a_picture_that_was_drawn_on_a_wide_screen_fits_on_paper(look, results):
    page = look(results, SCENARIO, viewport={"width": 1400, "height": 900})
    picture = page.locator(f"{SCENARIO} .timeline svg")
    expect(picture).to_be_visible()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 990})
    width, room = picture.evaluate(
        "each => [each.getBoundingClientRect().width, each.closest('.timeline').clientWidth]"
    )
    assert width <= room <= 700


def test_without_scripts_the_matrix_and_the_failures_are_there(look, results):
    page = look(results, java_script_enabled=False)
    expect(page.locator("#fr-010")).to_be_visible()
    expect(page.locator(".failure")).to_contain_text("2 rows")
