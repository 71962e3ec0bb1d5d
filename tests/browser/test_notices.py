"""The pages of notices and spot checks in a real browser: a desk writes one, a plant answers, nothing is too wide."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from console.cli import enrol
from console.store import open_store
from sensor.schema import Record
from sensor.schema.order import Reference, Step
from sensor.schema.words import Colour, Finding, Form, OrderState
from tests.browser.test_console import VENDOR, Reader, driver
from tests.e2e.desks import PASSWORD, Desk
from tests.e2e.running import end_all
from tests.federation.order_records import DAY_NS, notice, order_id, receipt, results, task, warning

__all__ = ["driver"]  # the browser that the other pages are looked at with

UNITS = ("示例电器", "佛山-铝型材二厂", "东莞-线路板", "惠州-锂电")


def orders() -> list[Record]:
    """As a province has them after a week."""
    now = time.time_ns()

    def step(days: float) -> tuple[Step, ...]:
        return (Step(now - int(days * DAY_NS), "省办 刘", OrderState.ISSUED),)

    return [
        notice(1, addressees=UNITS[:1], issued_ns=now - 6 * DAY_NS, deadline_ns=now - DAY_NS, steps=step(6),
               text="监测发现你单位一台工程师站向控制器发出停止命令。\n请核实是否为计划检修；若不是，请断开来源主机并整改。",
               title="一台控制器被远程停止，请核实", incidents=(Reference("sensor-1", order_id(9)),), level="critical"),
        warning(2, colour=Colour.RED, issued_ns=now - 3 * DAY_NS, deadline_ns=now + DAY_NS // 2, steps=step(3),
                form=Form.WARNING, title="某型可编程控制器远程代码执行漏洞",
                text="该型控制器的旧固件可被未授权停机。\n请排查是否使用，暂不能升级的请限制访问来源。"),
        task(3, issued_ns=now - 2 * DAY_NS, deadline_ns=now + 5 * DAY_NS, steps=step(2),
             scope="全部工程师站和远程运维通道",
             checklist=("工程师站默认口令是否已更换", "远程通道不用时是否关闭", "编程口是否上锁", "备份能否恢复")),
        notice(4, issued_ns=now - 20 * DAY_NS, deadline_ns=now - 10 * DAY_NS, steps=step(20), addressees=UNITS[1:3],
               title="OPC UA 服务器允许匿名登录", state=OrderState.CLOSED, open=False, revision=1),
    ]  # fmt: skip


def fill(desk: Desk, received: bool) -> None:
    store = open_store(desk.settings.data_dir / "store.sqlite", parents=["gd"] if received else [])
    if received:
        store.receive([record for record in orders() if record.id != order_id(4)], "gd", UNITS[0], 7)
        store.close()
        return
    for record in orders():
        store.issue(record)
    one, two, three, _ = orders()
    now = time.time_ns()
    for unit, state, finding in zip(
        UNITS[:3], ("checked", "hardened", "checked"), ("involved", "involved", "not_involved"), strict=True
    ):
        steps = (
            Step(now - DAY_NS, "王工", "acknowledged"),
            Step(now - 3600 * 10**9, "王工", state, "三台在用，已限制来源地址", Finding(finding)),
        )
        settled = state == "hardened" or finding == "not_involved"
        said = receipt(two, unit, state=state, finding=Finding(finding), settled=settled, steps=steps)
        store.merge([said], unit)
    store.merge([receipt(one, UNITS[0])], UNITS[0])
    store.merge([results(three, UNITS[1])], UNITS[1])
    store.close()


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Desk]]:
    if not (VENDOR / "echarts.min.js").exists():
        pytest.skip("browser libraries are not set up: run `npm ci && npm run vendor` in console/")
    folder = tmp_path_factory.mktemp("desks")
    for name in ("gd", "plant"):
        (folder / name).mkdir()
    province, plant = Desk(folder / "gd", "province", "gd"), Desk(folder / "plant", "enterprise", UNITS[0])
    for unit in UNITS[1:]:
        enrol(province.settings, unit, "console")
    plant.under(province)
    fill(province, received=False)
    fill(plant, received=True)
    try:
        province.start()
        plant.start()
        yield province, plant
        for desk in (plant, province):
            desk.stop()
    finally:
        for desk in (plant, province):
            if desk.process is not None:
                end_all(desk.process.mark)


def log_in(browser: webdriver.Chrome, desk: Desk) -> Reader:
    browser.delete_all_cookies()
    person = Reader(browser, desk.url)
    person.scheme("light")
    person.open("/login")
    browser.delete_all_cookies()
    person.open("/login")
    browser.get_log("browser")
    person.find("input[name=name]").send_keys("wang")
    person.find("input[name=password]").send_keys(PASSWORD + Keys.ENTER)
    person.wait_for("通报预警与抽查")
    return person


def test_a_desk_writes_one(driver: webdriver.Chrome, desks: tuple[Desk, Desk]) -> None:
    desk = log_in(driver, desks[0])
    desk.open("/notices")
    desk.wait_for("本级下发、尚未了结的有 3 件")
    desk.find(".top .button.primary").click()
    desk.find(".tabs a:nth-child(3)").click()
    desk.find("input[name=title]").send_keys("春节前远程通道抽查")
    desk.find("textarea[name=text]").send_keys("请逐项检查后上报。")
    desk.find("textarea[name=checklist]").send_keys("远程通道是否关闭\n值班是否到位")
    desk.find(f"input[value='{UNITS[2]}']").click()
    desk.keep("notice-new-zh")
    assert desk.overflow() <= 0
    desk.find(".form button.primary").click()
    desk.wait_for("尚未答复")
    assert UNITS[2] in desk.text()
    assert desk.problems() == []


def test_a_plant_answers(driver: webdriver.Chrome, desks: tuple[Desk, Desk]) -> None:
    plant = log_in(driver, desks[1])
    plant.open(f"/notices/gd/{order_id(3)}")
    plant.find(".act-on button").click()
    for line in range(4):
        Select(plant.find(f"select[name=verdict-{line}]")).select_by_value("failed" if line == 1 else "passed")
    plant.find("input[name=remark-1]").send_keys("一条通道待停机时关闭")
    plant.keep("notice-spot-check-zh")
    plant.find(".act-on button").click()
    plant.wait_for("补充上报")
    assert "一条通道待停机时关闭" in plant.text()
    assert plant.problems() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_is_wider_than_the_screen(
    driver: webdriver.Chrome, desks: tuple[Desk, Desk], language: str, scheme: str
) -> None:
    for which, desk in zip(("desk", "plant"), desks, strict=True):
        reader = log_in(driver, desk)
        reader.scheme(scheme)
        reader.browser.add_cookie({"name": "otus_language", "value": language})
        paths = ["/notices", *(f"/notices/gd/{order_id(number)}" for number in (1, 2, 3))]
        for path in [*paths, *(["/notices/new?course=warning"] if which == "desk" else [])]:
            reader.open(path)
            assert reader.browser.find_element(By.TAG_NAME, "h1").text
            assert reader.overflow() <= 0, path
            name = path.strip("/").replace(f"/gd/{'0' * 31}", "-").replace("/new?course=", "-new-")
            reader.keep(f"{which}-{name}-{language}-{scheme}")
        assert reader.problems() == []
