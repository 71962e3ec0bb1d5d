"""A real browser at a real console process: log in, follow an alert to its evidence, decide, change the language.

Screenshots go to `artefacts/screens/`, which git ignores.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

import console
from console.cli import add_account, enrol
from console.settings import ConsoleSettings
from console.store import open_store
from sensor.schema import Record
from tests.console import sample
from tests.console.test_baseline import told
from tests.console.test_server import Process
from tests.federation.baseline_records import entry, suspicious_link

NAME, PASSWORD = "wang", "Correct-Horse-9"
SCREENS = Path(console.__file__).parent.parent / "artefacts" / "screens"
VENDOR = Path(console.__file__).parent / "static" / "vendor"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--window-size=1366,768",
)  # fmt: skip
PAGES = (
    "/",
    "/stories",
    "/incidents",
    "/suppressions",
    "/suppressions/new",
    "/detection",
    "/assets",
    "/links",
    "/baseline",
    "/baseline?view=entries",
    "/baseline?view=trial",
    "/baseline?view=versions",
    "/sensors",
    "/preview",
    "/refused",
    "/account",
)


def recent() -> list[Record]:
    """The sample plant, moved to a few minutes ago: this process reads the real clock."""
    shift = time.time_ns() - sample.NOW_NS

    def moved(value: object) -> object:
        if isinstance(value, dict):
            return {
                name: item + shift if name.endswith("_ns") and isinstance(item, int) and item > 10**18 else moved(item)
                for name, item in value.items()
            }
        return [moved(item) for item in value] if isinstance(value, list) else value

    records = []
    for record in sample.plant():
        body = moved(dict(record.body))
        assert isinstance(body, dict)
        records.append(Record(record.kind, record.id, record.revision, record.origin, body))
    return records


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    if not (VENDOR / "echarts.min.js").exists():
        pytest.skip("browser libraries are not set up: run `npm ci && npm run vendor` in console/")
    folder = tmp_path_factory.mktemp("console")
    add_account(ConsoleSettings(folder), NAME, PASSWORD, "analyst")
    enrol(ConsoleSettings(folder), "sensor-1")
    store = open_store(folder / "store.sqlite")
    store.merge([*recent(), *told()], "sensor-1")
    store.close()
    running = Process(folder)
    running.wait_until_up()
    yield running
    code, errors = running.stop()
    assert code == 0 and "Traceback" not in errors


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        pytest.skip("chromium and chromedriver are not installed")
    options = Options()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(chromedriver))
    browser.set_page_load_timeout(90)
    yield browser
    browser.quit()


class Reader:
    """What a person does at the screen."""

    def __init__(self, browser: webdriver.Chrome, base: str) -> None:
        self.browser, self.base = browser, base

    def open(self, path: str) -> None:
        self.browser.get(self.base + path)

    def wait(self) -> WebDriverWait[webdriver.Chrome]:
        """A page may be replaced while it is looked at."""
        return WebDriverWait(self.browser, 45, ignored_exceptions=(StaleElementReferenceException,))

    def find(self, selector: str) -> WebElement:
        return self.wait().until(lambda page: page.find_element(By.CSS_SELECTOR, selector))

    def text(self) -> str:
        return self.browser.find_element(By.TAG_NAME, "body").text

    def wait_for(self, words: str) -> None:
        def there(_: webdriver.Chrome) -> bool:
            try:
                return words in self.text()
            except WebDriverException as error:
                # Replaced between finding and reading: Chromium says so in two ways.
                if "does not belong to the document" not in str(error):
                    raise
                return False

        self.wait().until(there)

    def keep(self, name: str) -> Path:
        SCREENS.mkdir(parents=True, exist_ok=True)
        path = SCREENS / f"{name}.png"
        assert self.browser.save_screenshot(str(path))
        return path

    def overflow(self) -> int:
        return int(self.browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth"))

    def scheme(self, value: str) -> None:
        feature = {"name": "prefers-color-scheme", "value": value}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def problems(self) -> list[str]:
        """What the browser complained about: blocked by policy, missing files, errors in scripts."""
        return [
            entry["message"] for entry in self.browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")
        ]


@pytest.fixture
def reader(driver: webdriver.Chrome, server: Process) -> Reader:
    driver.delete_all_cookies()
    person = Reader(driver, server.url)
    person.scheme("light")
    person.open("/login")
    driver.get_log("browser")
    person.find("input[name=name]").send_keys(NAME)
    person.find("input[name=password]").send_keys(PASSWORD + Keys.ENTER)
    person.wait_for("总览")
    return person


def test_a_word_is_searched_without_leaving_the_page(reader: Reader) -> None:
    reader.open("/incidents")
    reader.find("input[name=text]").send_keys("停止" + Keys.ENTER)
    reader.wait_for("符合筛选条件的告警 1 条")
    assert "向 S7 控制器发出停止命令" in reader.text() and "匿名登录" not in reader.text()
    assert "text=%E5%81%9C%E6%AD%A2" in reader.browser.current_url, "the address can be kept and sent"
    reader.keep("search-zh")
    reader.browser.add_cookie({"name": "otus_language", "value": "en"})
    reader.open("/incidents?text=192.168.10")
    reader.wait_for("5 alerts match")
    reader.find("input[name=text]").send_keys(".99" + Keys.ENTER)
    reader.wait_for("No alert matches")
    assert reader.overflow() <= 0
    reader.keep("search-en")
    assert reader.problems() == []


def test_from_the_overview_to_the_bytes(reader: Reader) -> None:
    assert "有 2 件告警需要马上处理" in reader.text()
    assert reader.find(".chart[data-drawn=yes] canvas").size["height"] > 100, "the chart is drawn"
    reader.keep("overview-zh")
    reader.find(".todo a").click()
    reader.wait_for("为什么认定")
    assert "向 S7 控制器发出停止命令" in reader.text() and "操作已经生效" in reader.text()
    reader.find(".story a[href='#frame-0']").click()
    assert reader.browser.current_url.endswith("#frame-0")
    frame = reader.find("#frame-0")
    assert "19944" in frame.text
    frame.find_element(By.TAG_NAME, "summary").click()
    reader.wait().until(lambda page: "s7comm.function" in frame.text)
    assert "41" in frame.text
    reader.keep("incident-evidence-zh")
    assert reader.problems() == []


def test_a_verdict_by_hand(reader: Reader) -> None:
    reader.open("/incidents?detector=anomaly")
    reader.find("#list tbody a").click()
    reader.find("input[name=note]").send_keys("检修人员读点表")
    reader.find("button[value=false_alarm]").click()
    reader.wait_for("检修人员读点表")
    assert reader.find(".steps .now").text.startswith("误报")
    reader.find("button[value=reopened]").click()
    reader.wait().until(lambda page: "重新打开" in reader.find(".steps .now").text)
    assert reader.problems() == []


def test_from_what_is_to_be_done_to_a_verdict_about_all_of_it(reader: Reader) -> None:
    reader.open("/stories")
    reader.wait_for("向 S7 控制器发出停止命令等 4 步")
    reader.browser.find_element(By.PARTIAL_LINK_TEXT, "向 S7 控制器发出停止命令等").click()
    reader.wait_for("谁对谁做了什么")
    drawn = reader.find("svg.stations")
    assert drawn.size["height"] > 60 and "192.168.10.66" in drawn.text, "the graph is drawn"
    reader.find("svg.lanes a[href='#step-2']").click()
    assert reader.browser.current_url.endswith("#step-2")
    reader.keep("story-steps-zh")
    reader.find("input[name=note]").send_keys("联系车间核实")
    reader.find("button[value=triage]").click()
    reader.wait_for("研判中")
    assert reader.problems() == []


def test_alerts_are_put_out_of_sight_from_one_of_them(reader: Reader) -> None:
    reader.open(f"/incidents/sensor-1/{sample.record_id('rhythm')}")
    reader.browser.find_element(By.PARTIAL_LINK_TEXT, "抑制此类告警").click()
    assert reader.find("input[name=cause]").get_attribute("value") == "period:slower"
    reader.find("textarea[name=reason]").send_keys("上位机升级，工单 118")
    reader.find(".form button.primary").click()
    reader.wait_for("有 1 条抑制生效")
    reader.keep("suppressed-zh")
    reader.find("form[action$='/end'] button").click()
    reader.wait_for("没有生效的抑制")
    assert reader.problems() == []


def test_a_suspicious_link_is_decided_about(reader: Reader) -> None:
    reader.find(".side a[href='/baseline']").click()
    reader.wait_for("有 1 项可疑内容等您审核")
    assert reader.find("svg.range").size["height"] > 20, "the meter is drawn"
    reader.keep("baseline-review-zh")
    reader.find(".entries button[value=approve], .sticky button[value=approve]").click()
    assert "等待探针执行" not in reader.text(), "without a reason nothing is sent"
    reader.find("input[name=entry]").click()
    reader.find("input[name=reason]").send_keys("工单 118，检修电脑")
    reader.find(".sticky button[value=approve]").click()
    reader.wait_for("1 项决定等待探针执行")
    assert "已提交确认，等待探针执行" in reader.text()
    reader.keep("baseline-asked-zh")
    reader.browser.find_element(By.PARTIAL_LINK_TEXT, "版本与审核记录").click()
    reader.wait_for("工单 118，检修电脑")
    reader.open("/baseline?view=entries")
    reader.find("input[name=text]").send_keys("保持寄存器" + Keys.ENTER)
    reader.wait_for("符合条件的 3 项")
    found = reader.browser.find_element(By.PARTIAL_LINK_TEXT, "读取 保持寄存器 0–9")
    reader.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
    found.click()
    reader.wait_for("这条通信关系学得全不全")
    reader.keep("baseline-entry-zh")
    assert reader.problems() == []


def test_filtering_needs_no_reload(reader: Reader) -> None:
    reader.open("/incidents")
    reader.browser.execute_script("window.sameFile = true")
    Select(reader.find("select[name=detector]")).select_by_value("signature")
    reader.wait().until(lambda page: len(page.find_elements(By.CSS_SELECTOR, "#list tbody tr")) == 2)
    assert reader.browser.execute_script("return window.sameFile") is True
    assert "detector=signature" in reader.browser.current_url
    assert reader.problems() == []


def test_language_switch(reader: Reader) -> None:
    reader.find("form[action='/language/en'] button").click()
    reader.wait_for("What to do now")
    assert reader.browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"
    reader.keep("overview-en")
    reader.find("form[action='/language/zh'] button").click()
    reader.wait_for("现在要做什么")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_is_wider_than_the_screen(reader: Reader, language: str, scheme: str) -> None:
    reader.scheme(scheme)
    reader.browser.add_cookie({"name": "otus_language", "value": language})
    details = [f"/incidents/sensor-1/{sample.record_id(name)}" for name in sample.ALERTS]
    details.append(f"/stories/sensor-1/{sample.STORY}")
    names = [entry(0).name, suspicious_link().name]
    details += [f"/baseline/entry?sensor=sensor-1&name={quote(name)}" for name in names]
    for path in (*PAGES, *details):
        reader.open(path)
        assert reader.overflow() <= 0, path
        name = path.strip("/").replace(f"incidents/sensor-1/{path[-32:]}", f"incident-{path[-32:-24]}") or "overview"
        name = name.replace(f"stories/sensor-1/{sample.STORY}", "story").replace("/", "-").partition("&")[0]
        if path == "/":
            reader.find(".chart[data-drawn=yes]")
        reader.keep(f"{name}-{language}-{scheme}")
    assert reader.problems() == []


def test_by_keyboard_alone(reader: Reader) -> None:
    reader.open("/")
    active = reader.browser.switch_to.active_element
    active.send_keys(Keys.TAB)
    assert reader.browser.switch_to.active_element.get_attribute("class") == "skip"
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    seen = []
    for _ in range(12):
        reader.browser.switch_to.active_element.send_keys(Keys.TAB)
        assert reader.browser.execute_script(outline) == "solid", "where one is can be seen"
        seen.append(reader.browser.switch_to.active_element.text.split("\n")[0])
    assert any("告警" in text for text in seen) and any("探针" in text for text in seen)


def test_logging_out(reader: Reader) -> None:
    reader.find("form[action='/logout'] button").click()
    reader.find("input[name=password]")
    reader.open("/incidents")
    assert "/login" in reader.browser.current_url
