"""The page in a real browser: what it shows, how it answers, by pointer and by keyboard, wide and narrow."""

import os
import shutil
from base64 import b64decode
from itertools import pairwise
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from report_cases import (
    NASTY_NAMES,
    discrete_pair,
    exact_chain,
    mixed_table,
    random_posterior,
    two_graphs,
)
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from dag_gfn.views.report import write_report


def skip_or_fail(reason):
    """Skip, but not where the tests are to be complete."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser():
    program, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if program is None or driver is None:
        skip_or_fail("needs Chromium and its driver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(driver))
    yield chrome
    chrome.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The address of each kind of report."""
    folder = tmp_path_factory.mktemp("reports")
    posteriors = {
        "nasty": random_posterior(NASTY_NAMES, num_graphs=60),
        "chain": exact_chain(),
        "discrete": discrete_pair(),
        "mixed": mixed_table(),
        "bare": two_graphs(),
        "large": random_posterior([f"variable number {i}" for i in range(50)], num_graphs=200),
        "wide": random_posterior([f"gene{i}" for i in range(70)], num_graphs=40),
    }
    for name, posterior in posteriors.items():
        write_report(posterior, folder / f"{name}.html")
    return {name: (folder / f"{name}.html").as_uri() for name in posteriors}


@pytest.fixture
def visit(browser, pages):
    """Open a report in a window of some width; at the end there must be no message on the console."""

    def opened(name, *, width=1280, media="screen", **features):
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        asked = [{"name": key.replace("_", "-"), "value": value} for key, value in features.items()]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": asked})
        browser.get(pages[name])
        return browser

    yield opened
    assert browser.get_log("browser") == []


def text_of(browser, selector):
    return [node.get_property("textContent") for node in browser.find_elements(By.CSS_SELECTOR, selector)]


def shown_links(browser):
    return sum(link.is_displayed() for link in browser.find_elements(By.CSS_SELECTOR, "#graph .link"))


def listed_links(browser):
    return len(browser.find_elements(By.CSS_SELECTOR, "#links tbody tr:not([hidden])"))


@pytest.mark.parametrize("name", ["nasty", "chain", "discrete", "mixed", "bare", "large", "wide"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_opens_and_fits(visit, name, width):
    browser = visit(name, width=width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.find_element(By.TAG_NAME, "h1").is_displayed()


def test_the_slider_changes_graph_table_and_matrix_by_keyboard(visit):
    browser = visit("nasty")
    slider = browser.find_element(By.ID, "threshold")
    slider.send_keys(Keys.HOME)
    every = shown_links(browser)
    assert listed_links(browser) == every
    assert text_of(browser, "#threshold-value") == ["0.05"]
    slider.send_keys(Keys.ARROW_RIGHT)
    assert text_of(browser, "#threshold-value") == ["0.06"]
    dim = len(browser.find_elements(By.CSS_SELECTOR, "#matrix td.dim"))
    slider.send_keys(Keys.END)
    assert shown_links(browser) == listed_links(browser) < every
    assert len(browser.find_elements(By.CSS_SELECTOR, "#matrix td.dim")) > dim
    assert slider.get_attribute("aria-valuetext") == "probability 1.00"
    assert text_of(browser, "#threshold-count") == [f"{listed_links(browser)} of 10 pairs"]


def test_names_are_shown_as_they_are(visit):
    browser = visit("nasty")
    for selector in ("#source option", "#matrix tbody th", "#matrix thead th", "#graph .node title"):
        assert text_of(browser, selector) == list(NASTY_NAMES), selector
    assert browser.execute_script("return document.querySelectorAll('main b, main script').length") == 0


def test_the_explorer_tells_an_effect_and_its_reverse(visit):
    browser = visit("chain")
    Select(browser.find_element(By.ID, "source")).select_by_visible_text("a")
    Select(browser.find_element(By.ID, "target")).select_by_visible_text("b")
    (told,) = text_of(browser, "#effect")
    assert "Setting a one unit higher changes the mean of b by" in told
    assert "By equivalence class" in told
    assert len(browser.find_elements(By.CSS_SELECTOR, "#effect .histogram rect")) == 24
    browser.find_element(By.ID, "swap").send_keys(Keys.ENTER)
    assert "Setting b one unit higher changes the mean of a by" in text_of(browser, "#effect")[0]
    Select(browser.find_element(By.ID, "target")).select_by_visible_text("b")
    assert text_of(browser, "#effect") == ["Choose two different variables."]


def test_the_explorer_tells_names_as_text(visit):
    browser = visit("nasty")
    for name in NASTY_NAMES[1:]:
        Select(browser.find_element(By.ID, "source")).select_by_index(0)
        Select(browser.find_element(By.ID, "target")).select_by_visible_text(name)
        (told,) = text_of(browser, "#effect")
        assert name in told
        assert NASTY_NAMES[0] in told


def test_the_explorer_tells_a_distribution(visit):
    browser = visit("discrete")
    Select(browser.find_element(By.ID, "source")).select_by_visible_text("dose")
    Select(browser.find_element(By.ID, "target")).select_by_visible_text("answer")
    rows = text_of(browser, "#effect table:first-of-type tr")
    assert any(row.startswith("<high>") for row in rows)


def test_the_explorer_tells_a_contrast(visit):
    browser = visit("mixed")
    Select(browser.find_element(By.ID, "source")).select_by_visible_text("pain")
    Select(browser.find_element(By.ID, "target")).select_by_visible_text("<b>well")
    rows = text_of(browser, "#effect table:first-of-type tr")
    assert any(row.startswith("pain one unit higherprobability of <b>well = yes-") for row in rows)
    assert "linear approximation" in text_of(browser, "#effect .fine")[0]


def test_a_report_without_effects_says_why(visit):
    browser = visit("bare")
    assert "Effects are not available" in text_of(browser, "#effects")[0]
    assert not browser.find_elements(By.ID, "source")


def test_the_matrix_is_walked_by_arrow_keys(visit):
    browser = visit("chain")
    assert len(browser.find_elements(By.CSS_SELECTOR, "#matrix td[tabindex='0']")) == 1
    browser.find_element(By.CSS_SELECTOR, "#matrix td[tabindex='0']").send_keys(Keys.ARROW_DOWN)
    browser.switch_to.active_element.send_keys(Keys.ARROW_LEFT)
    (told,) = text_of(browser, "#cell")
    assert told.startswith("b is a direct cause of a: ")
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    chosen = [browser.find_element(By.ID, which).get_property("value") for which in ("source", "target")]
    assert chosen == ["1", "0"]


def test_the_matrix_shows_what_is_chosen(visit):
    browser = visit("bare")
    cell = "#matrix tbody tr:nth-child(1) td:nth-of-type(3)"  # a, c
    assert text_of(browser, cell) == ["0.00"]
    Select(browser.find_element(By.ID, "feature")).select_by_value("path")
    assert text_of(browser, cell) == ["0.25"]
    assert text_of(browser, "#matrix tbody tr:nth-child(2) td:nth-of-type(3)") == ["1.00"]


def test_every_control_has_a_name_and_every_drawing_a_text(visit):
    browser = visit("chain")
    unnamed = browser.execute_script(
        """
        const named = (node) => node.labels?.length || node.textContent.trim() || node.getAttribute("aria-label");
        return [
          ...[...document.querySelectorAll("input, select, button, a")].filter((node) => !named(node)),
          ...[...document.querySelectorAll("[role=img], [role=region]")].filter((n) => !n.getAttribute("aria-label")),
          ...[...document.querySelectorAll("table")].filter((table) => !table.querySelector("th[scope]")),
          ...[...document.querySelectorAll("section")].filter((s) => !document.getElementById(`${s.id}-title`)),
        ].map((node) => node.outerHTML.slice(0, 80));
        """
    )
    assert unnamed == []
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"


def test_the_tab_key_goes_from_top_to_bottom(visit):
    browser = visit("chain")
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert browser.switch_to.active_element.get_property("textContent") == "Skip to the summary"
    places = []
    for _ in range(40):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        active = browser.switch_to.active_element
        if active.tag_name == "body":
            break
        places.append(active.location["y"])
    assert len(places) > 12
    assert all(later >= earlier - 60 for earlier, later in pairwise(places))


CONTRAST = """
const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
const over = (top, under) => top.slice(0, 3).map((c, k) => c * top[3] + under[k] * (1 - top[3]));
const light = (rgb) => {
  const [r, g, b] = rgb.map((c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const page = parse(getComputedStyle(document.body).backgroundColor).slice(0, 3);
const poor = [];
for (const node of document.querySelectorAll("p, li, th, td, dt, dd, label, summary, .badge, .verdict strong, a")) {
  if (!node.textContent.trim() || !node.getClientRects().length) continue;
  const style = getComputedStyle(node);
  let under = page;
  for (let n = node; n !== document.body; n = n.parentElement) {
    const color = parse(getComputedStyle(n).backgroundColor);
    if (color[3] > 0) { under = over(color, page); break; }
  }
  const alpha = Number(style.opacity);
  const front = over([...parse(style.color).slice(0, 3), alpha], page);
  const back = over([...under, alpha], page);
  const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) poor.push([node.outerHTML.slice(0, 80), ratio]);
}
return poor;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(visit, scheme):
    browser = visit("nasty", prefers_color_scheme=scheme)
    assert browser.execute_script(CONTRAST) == []


def test_paper_has_the_findings_and_no_controls(visit):
    browser = visit("chain", media="print")
    assert not browser.find_element(By.ID, "threshold").is_displayed()
    assert not browser.find_element(By.TAG_NAME, "nav").is_displayed()
    assert browser.find_element(By.ID, "matrix").is_displayed()


def test_who_wants_no_motion_gets_none(visit):
    browser = visit("bare", prefers_reduced_motion="reduce")
    behaviour = "return getComputedStyle(document.documentElement).scrollBehavior"
    assert browser.execute_script(behaviour) == "auto"


def test_a_wide_report_is_searched_by_name_and_has_no_matrix(browser, pages):
    browser.get(pages["wide"])
    assert not browser.find_elements(By.ID, "matrix")
    assert "edges.csv has the probabilities of all pairs" in browser.page_source
    browser.execute_script("document.querySelector('#edges details').open = true")

    def rows():
        every = browser.find_elements(By.CSS_SELECTOR, "#links tbody tr")
        return [row.text for row in every if row.get_attribute("hidden") is None]

    before = rows()
    find = browser.find_element(By.ID, "find")
    find.send_keys("Gene12")
    found = rows()
    assert found == [row for row in before if "gene12" in row.split()]
    assert 0 < len(found) < len(before)
    assert browser.find_element(By.ID, "threshold-count").text == f"{len(found)} of 2415 pairs"
    find.send_keys(Keys.CONTROL, "a", Keys.DELETE)
    assert rows() == before
    assert browser.get_log("browser") == []


def test_figures_are_saved_as_files_of_their_own(visit):
    page = visit("chain")
    page.execute_script(
        "window.saved = []; HTMLAnchorElement.prototype.click = function () { saved.push([this.download, this.href]); }"
    )
    for button in page.find_elements(By.CSS_SELECTOR, "#edges .save button"):
        button.send_keys(Keys.ENTER)
    WebDriverWait(page, 10).until(lambda page: len(page.execute_script("return saved")) == 2)
    (svg_name, svg), (png_name, png) = sorted(page.execute_script("return saved"), reverse=True)
    assert (svg_name, png_name) == ("graph.svg", "graph.png")
    drawn = ElementTree.fromstring(unquote(svg.partition(",")[2]))
    texts = [node.text for node in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert set(texts) == {name.text for name in page.find_elements(By.CSS_SELECTOR, "#graph .node text")}
    assert b64decode(png.partition(",")[2])[:4] == b"\x89PNG"


def test_figures_on_paper_have_no_buttons(visit):
    page = visit("chain", media="print")
    assert not any(each.is_displayed() for each in page.find_elements(By.CLASS_NAME, "save"))
