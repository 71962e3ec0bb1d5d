"""A province's notice and spot check reach the plant and its answers come back: real consoles, killed on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.desks import Desk, wait_for
from tests.e2e.running import end_all


@pytest.fixture
def line(tmp_path: Path) -> Iterator[tuple[Desk, Desk, Desk]]:
    """A ministry, a province, an enterprise; none of them is running yet."""
    desks = []
    for name, kind in (("miit", "ministry"), ("gd", "province"), ("shili", "enterprise")):
        (tmp_path / name).mkdir()
        desks.append(Desk(tmp_path / name, kind, name))
    ministry, province, enterprise = desks
    province.under(ministry)
    enterprise.under(province)
    yield ministry, province, enterprise
    try:
        for desk in (enterprise, province, ministry):
            desk.stop()
    finally:
        for desk in desks:
            if desk.process is not None:
                end_all(desk.process.mark)


def test_down_the_line_and_up_again(line: tuple[Desk, Desk, Desk]) -> None:
    for console in line:
        console.start()
    above, desk, plant = (item.person() for item in line)

    notice = desk.issue("口令过弱", to="shili")
    check = desk.issue("远程通道抽查", course="spot_check", checklist="口令\n通道")
    warning = above.issue("勒索病毒预警", course="warning", colour="red")
    wait_for(lambda: set(plant.orders()) == {notice, check, warning}, "the plant has not got them")
    assert set(desk.orders()) == {notice, check, warning}, "the province has its own and the ministry's"
    assert plant.orders()[warning]["parent"] == "gd" and plant.orders()[warning]["origin"] == "miit"
    assert plant.get("/notices.json").json()["totals"]["waiting"] == 3

    plant.answer(notice, "signed")
    plant.answer(notice, "verified", note="两台工程师站，10.1.2.3 在内")
    plant.answer(notice, "reported", note="已改口令")
    plant.answer(check, "signed")
    plant.answer(check, "reported", **{"verdict-0": "passed", "verdict-1": "failed", "remark-1": "待停机"})
    plant.answer(warning, "acknowledged")
    desk.answer(warning, "acknowledged")
    wait_for(lambda: desk.order(notice)["counts"] == {"reported": 1}, "the province does not see the feedback")
    wait_for(lambda: desk.order(check)["settled"] == 1, "the province does not see the result")
    wait_for(lambda: above.order(warning)["counts"] == {"acknowledged": 2}, "the ministry does not see both")

    (told,) = desk.order(notice)["receipts"]
    assert [step["state"] for step in told["steps"]] == ["signed", "verified", "reported"]
    assert told["origin"] == told["child"] == "shili" and told["steps"][0]["by"] == "wang"
    assert "10.1.2.3" not in told["steps"][1]["note"] and "两台工程师站" in told["steps"][1]["note"]
    assert {row["origin"] for row in above.order(warning)["receipts"]} == {"gd", "shili"}
    # What the province issued is no business of the ministry's: neither the order nor the answers.
    assert set(above.orders()) == {warning} and above.get("/refused.json").json()["refused"] == []
    assert above.get(plant.path(notice)).status_code == 404

    desk.post(desk.path(notice), f"{desk.path(notice)}/end", after="closed")
    wait_for(lambda: plant.orders()[notice]["state"] == "closed", "the plant is not told of the end")
    assert plant.order(notice)["choices"] == []


def test_a_sibling_and_a_stranger(line: tuple[Desk, Desk, Desk], tmp_path: Path) -> None:
    _, province, enterprise = line
    (tmp_path / "foshan").mkdir()
    sibling = Desk(tmp_path / "foshan", "enterprise", "foshan")
    sibling.under(province)
    token = (tmp_path / "foshan" / "token-gd").read_text().strip()
    province.start()
    enterprise.start()
    sibling.start()
    try:
        desk, plant, other = province.person(), enterprise.person(), sibling.person()
        secret, everyone = desk.issue("只给示例电器", to="shili"), desk.issue("给全部")
        wait_for(lambda: set(plant.orders()) == {secret, everyone}, "the plant has not got them")
        wait_for(lambda: set(other.orders()) == {everyone}, "the sibling has not got what is for all")
        asked = httpx.get(
            f"{province.url}/api/v1/tasks?after=0", headers={"Authorization": f"Bearer {token}"}, trust_env=False
        ).json()
        assert asked["node"] == "foshan" and [item["body"]["title"] for item in asked["records"]] == [everyone]
        assert other.get(plant.path(secret)).status_code == 404
        # With its own credential it cannot answer for another, nor what it was not asked.
        plant.answer(secret, "signed")
        wait_for(lambda: desk.order(secret)["counts"] == {"signed": 1}, "the answer has not come")
        mine = plant.order(secret)["answer"]
        for forged in (mine | {"revision": 9}, mine | {"origin": "foshan", "revision": 9}):
            sent = httpx.post(
                f"{province.url}/api/v1/batches", json={"schema": "1.0", "records": [forged]},
                headers={"Authorization": f"Bearer {token}"}, trust_env=False,
            ).json()  # fmt: skip
            assert [result["status"] for result in sent["results"]] == ["rejected"]
        (told,) = desk.order(secret)["receipts"]
        assert (told["origin"], told["revision"]) == ("shili", 1)
        for headers in ({}, {"Authorization": "Bearer otus_0_0"}):
            assert httpx.get(f"{province.url}/api/v1/tasks", headers=headers, trust_env=False).status_code == 401
    finally:
        sibling.stop()
        assert sibling.process is not None
        end_all(sibling.process.mark)


def test_a_killed_child_loses_nothing_and_doubles_nothing(line: tuple[Desk, Desk, Desk]) -> None:
    """Killed again and again while orders come down and answers go up; so is the province once."""
    _, province, enterprise = line
    province.start()
    enterprise.start()
    desk = province.person()
    titles: list[str] = []
    for round_ in range(4):
        titles += [desk.issue(f"通报 {round_}-{number}", to="shili" if number % 2 else "all") for number in range(4)]
        time.sleep(0.15 * round_)
        enterprise.kill()
        titles.append(desk.issue(f"离线时下发 {round_}"))
        if round_ == 2:
            province.kill()
            province.start()
            desk = province.person()
        enterprise.start()
        plant = enterprise.person()
        wait_for(lambda known=set(titles), plant=plant: set(plant.orders()) == known, "something did not come down")  # type: ignore[misc]
        for title in titles[-2:]:
            plant.answer(title, "signed", note=f"第 {round_} 次")
    for title in titles:
        if not plant.order(title)["answer"]:
            plant.answer(title, "signed")
    wait_for(lambda: all(desk.order(title)["counts"] == {"signed": 1} for title in titles), "an answer is missing")
    for title in titles:
        (told,) = desk.order(title)["receipts"]
        assert told["revision"] == 1 and len(told["steps"]) == 1
    assert set(enterprise.person().orders()) == set(titles) == set(desk.orders())
