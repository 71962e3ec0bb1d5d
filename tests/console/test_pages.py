"""What each page says, figure by figure, from records a plant sent."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from console.store import Coverage
from console.summed import heartbeat_of
from sensor.schema import Alert, Ledger, Level, Outcome, Text
from tests.console import sample
from tests.console.conftest import MakeConsole, log_in, token_of

HAN = re.compile(r"[\u4e00-\u9fff]")


def path_to(name: str) -> str:
    return f"/incidents/sensor-1/{sample.record_id(name)}"


def text_of(client: FlaskClient, path: str) -> str:
    """What a reader sees of a page: no tags, one space between words."""
    page = client.get(path).get_data(as_text=True)
    body = re.sub(r"<(script|style|head)\b.*?</\1>", " ", page, flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def test_overview_says_first_what_matters(client: FlaskClient) -> None:
    text = text_of(client, "/")
    assert "有 2 件告警需要马上处理" in text
    assert text.index("有 2 件告警") < text.index("现在要做什么") < text.index("最近变化")
    assert "另有 1 条低危和提示" in text
    assert "收到 482,103 个报文，一个没有丢失" in text
    assert "建议： 立即到现场确认" in text or "建议：立即到现场确认" in text
    # The gravest first.
    assert text.index("向 S7 控制器发出停止命令") < text.index("写入学习范围以外的对象")


def test_overview_figures(client: FlaskClient) -> None:
    figures = client.get("/overview.json").get_json()
    assert figures["verdict"] == "grave"
    assert figures["waiting"] == {"critical": 1, "high": 1, "medium": 2, "low": 1, "notice": 0}
    assert figures["ledger"]["received"] == 482_103
    assert figures["ledger"]["parsed"] + figures["ledger"]["skipped"] == 482_103
    assert figures["ledger"]["skipped"] >= 148_210
    assert figures["assets"] == 5 and figures["incidents"] == 5
    assert figures["pending_up"] == {"gd": 17}
    assert figures["to_do"][0]["id"] == sample.record_id("stop")
    assert figures["techniques"]["T0858"] == 1


def test_series(client: FlaskClient) -> None:
    hours = client.get("/series/incidents.json?unit=hour").get_json()
    assert len(hours["labels"]) == 24 and hours["labels"][-1] == "14:00"
    by_level = {level["level"]: level["counts"] for level in hours["levels"]}
    assert by_level["critical"][-2] == 1, "13:54 in Shanghai"
    assert sum(map(sum, by_level.values())) == 5
    days = client.get("/series/incidents.json?unit=day").get_json()
    assert days["labels"][-1] == "11-20" and len(days["labels"]) == 7
    assert client.get("/series/incidents.json?unit=nonsense").get_json()["unit"] == "hour"


@pytest.mark.parametrize(
    ("records", "verdict", "words"),
    [
        ([], "empty", "尚未收到探针的报告"),
        (["heartbeat"], "well", "生产通信正常，没有需要处理的告警"),
        (["heartbeat", "rhythm"], "pressing", "没有高危告警，有 1 件事需要您处理"),
        (["heartbeat", "window"], "well", "另有 1 条低危和提示"),
        (["heartbeat", "stop"], "grave", "有 1 件告警需要马上处理"),
        (["lossy"], "dim", "丢失 5 个（2.0%）"),
        (["unbalanced"], "dim", "账目不平"),
        (["deaf"], "dim", "一个报文也没有收到"),
        (["learning"], "well", "还没有通信基线"),
    ],
)
def test_verdicts(make_console: MakeConsole, records: list[str], verdict: str, words: str) -> None:
    """“All well” is only said with eyes open."""
    beats = {
        "heartbeat": sample.heartbeat(),
        "lossy": sample.heartbeat(ledger=Ledger(received=250, parsed=245, lost={"kernel": 5})),
        "unbalanced": sample.heartbeat(ledger=Ledger(received=250, parsed=245)),
        "deaf": sample.heartbeat(ledger=Ledger()),
        "learning": sample.heartbeat(baseline=None),
    }
    sent = [
        sample.record("beat", beats[name].to_json(), kind="heartbeat")
        if name in beats
        else sample.record(name, sample.alert(name).to_json())
        for name in records
    ]
    client = log_in(make_console(records=sent))
    assert client.get("/overview.json").get_json()["verdict"] == verdict
    assert words in text_of(client, "/")


def test_a_silent_sensor_is_no_good_news(make_console: MakeConsole) -> None:
    app = make_console(records=[sample.record("beat", sample.heartbeat().to_json(), kind="heartbeat")])
    later = sample.NOW_NS + 400 * sample.SECOND
    here = app.extensions["otus"]
    app.extensions["otus"] = replace(here, clock=replace(here.clock, now_ns=lambda: later))
    client = log_in(app)
    assert "看不到现场：1 台探针全部没有心跳" in text_of(client, "/")
    assert client.get("/overview.json").get_json()["silent_sensor_names"] == ["sensor-1"]
    assert "1 台探针中有 1 台没有心跳" in text_of(client, "/sensors")


def test_incidents(client: FlaskClient) -> None:
    text = text_of(client, "/incidents")
    assert "告警共 5 条： 危急 1 ， 高危 1 ， 中危 2 ， 低危 1" in text
    assert "其中 5 条还没有人看过" in text
    assert "192.168.10.66 → 192.168.10.12" in text
    figures = client.get("/incidents.json").get_json()
    assert figures["incidents"][0]["title_zh"] == "轮询变慢", "the one last seen first"
    assert figures["total"] == 5


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("level=critical", {"stop"}),
        ("level=nonsense", {"value", "stop", "anonymous", "rhythm", "window"}),
        ("detector=signature", {"stop", "anonymous"}),
        ("protocol=opcua", {"anonymous"}),
        ("workflow=new", {"value", "stop", "anonymous", "rhythm", "window"}),
        ("workflow=closed", set()),
        ("technique=T0855", {"value"}),
        ("detector=signature&level=medium", {"anonymous"}),
        ("detector=%3Cscript%3E", set()),
        ("cursor=nonsense", {"value", "stop", "anonymous", "rhythm", "window"}),
    ],
)
def test_filters(client: FlaskClient, query: str, names: set[str]) -> None:
    rows = client.get(f"/incidents.json?{query}").get_json()["incidents"]
    assert {row["id"] for row in rows} == {sample.record_id(name) for name in names}
    if not names:
        assert "没有符合筛选条件的告警" in text_of(client, f"/incidents?{query}")


def test_paging(make_console: MakeConsole) -> None:
    base = sample.alert("rhythm")
    many = []
    for number in range(120):
        back_ns = number * sample.SECOND
        moved = replace(base, first_ns=base.first_ns - back_ns, last_ns=base.last_ns - back_ns)
        many.append(sample.record(f"r{number}", moved.to_json()))
    client = log_in(make_console(records=many))
    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        figures = client.get("/incidents.json", query_string={"cursor": cursor}).get_json()
        seen += [row["id"] for row in figures["incidents"]]
        cursor = figures["next_cursor"] or ""
    assert len(seen) == len(set(seen)) == 120 and not cursor
    page = client.get("/incidents?detector=period").get_data(as_text=True)
    assert "下一页" in page and "detector=period" in page.partition("下一页")[0].rpartition("href=")[2]


def test_incident_tells_the_story(client: FlaskClient) -> None:
    text = text_of(client, path_to("value"))
    assert "192.168.10.66 向 192.168.10.11 发出：写单个寄存器 · 单元 1 · 地址 112 = 2650" in text
    assert "192.168.10.11 向 192.168.10.66 发出：应答：写单个寄存器" in text
    assert "192.168.10.11 应答成功：操作已经生效。" in text
    assert "到 2026-11-20 13:53:28 为止共 3 次" in text
    assert "写单个寄存器的对象是保持寄存器 112–113（单元 1），不在学习到的范围内" in text
    assert "T0836 修改参数" in text and "T0855 未授权命令报文" in text
    assert "设定值偏离平时范围" in text and "先电话联系车间" in text
    assert "18402" in text and "13:53:20.107204" in text and "mirror0" in text
    assert "起始地址 modbus.address 112" in text, "fields by their label"
    assert "sensor-1" in text and "shili" in text
    assert "收到 48,210 个报文" in text
    for number in (0, 1, 2):
        page = client.get(path_to("value")).get_data(as_text=True)
        assert f'href="#frame-{number}"' in page and f'id="frame-{number}"' in page, "statements lead to evidence"


def test_a_range_is_drawn(client: FlaskClient) -> None:
    page = client.get(path_to("value")).get_data(as_text=True)
    drawing = page.partition('class="range"')[2].partition("</svg>")[0]
    usual = [
        tuple(map(float, found))
        for found in re.findall(r'class="usual" x="([\d.]+)%" y="9" width="([\d.]+)%"', drawing)
    ]
    dot = float(re.findall(r'class="dot" cx="([\d.]+)%"', drawing)[0])
    assert len(usual) == 2
    assert all(left + width < dot for left, width in usual), "112 lies right of 0–39 and 60–99"
    assert "平时 0–39, 60–99" in text_of(client, path_to("value"))


def test_a_rhythm_is_drawn(client: FlaskClient) -> None:
    page = client.get(path_to("rhythm")).get_data(as_text=True)
    assert page.count("usual-line") > 3 * page.count("seen-line") > 0
    text = text_of(client, path_to("rhythm"))
    assert "读保持寄存器的周期由 500 ms 变成 2.4 s，变慢了" in text
    assert "平时每 500 ms 一次" in text and "现在每 2.4 s 一次" in text
    assert "不对应单个报文" in text


def test_deviating_features_are_drawn(client: FlaskClient) -> None:
    page = client.get(path_to("window")).get_data(as_text=True)
    assert page.count('class="range"') == 3, "the model's score and two features"
    text = text_of(client, path_to("window"))
    assert "这段时间的通信与学习到的不同，偏离的是：请求数、操作种类数。" in text
    assert "平时 55–64" in text and "本次 412" in text and "本次 0.71" in text


def test_a_rule_shows_what_it_looked_at(client: FlaskClient) -> None:
    text = text_of(client, path_to("stop"))
    assert "报文符合规则的全部条件：停止 PLC" in text
    assert "s7comm.function 41" in text
    assert "3e0f4a1c-7d17-4a0e-9c0b-5a5f1d2e7b10" in text


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.FAILURE, "操作没有生效"),
        (Outcome.NO_RESPONSE, "是否生效需要现场确认"),
        (Outcome.SUCCESS, "操作已经生效"),
    ],
)
def test_outcomes(make_console: MakeConsole, outcome: Outcome, words: str) -> None:
    client = log_in(make_console(records=sample.plant(stop=sample.alert("stop", outcome=outcome))))
    assert words in text_of(client, path_to("stop"))


def test_a_verdict_is_written_down(client: FlaskClient) -> None:
    path = path_to("value")

    def decide(after: str, note: str = "") -> int:
        data = {"after": after, "note": note, "csrf_token": token_of(client, path)}
        return client.post(f"{path}/workflow", data=data).status_code

    assert decide("closed") == 400, "not a step that may come next"
    assert decide("confirmed", "与车间核实，非计划操作") == 303
    text = text_of(client, path)
    assert "与车间核实，非计划操作" in text and "wang" in text
    assert client.get(path + ".json").get_json()["workflow"] == "confirmed"
    assert [decide("handling"), decide("review"), decide("closed"), decide("reopened"), decide("false_alarm")] == [
        303
    ] * 5
    figures = client.get(path + ".json").get_json()
    assert [step["after"] for step in figures["steps"]].count("closed") == 1 and len(figures["steps"]) == 6
    assert client.get("/overview.json").get_json()["waiting"]["high"] == 0, "decided: it waits no more"


def test_a_later_revision_leaves_the_verdict_alone(make_console: MakeConsole) -> None:
    app = make_console(records=sample.plant())
    client, path = log_in(app), path_to("value")
    client.post(f"{path}/workflow", data={"after": "confirmed", "csrf_token": token_of(client, path)})
    newer = replace(sample.record("value", sample.alert("value", count=9).to_json()), revision=2)
    app.extensions["otus"].store.merge([newer], "sensor-1")
    figures = client.get(path + ".json").get_json()
    assert figures["workflow"] == "confirmed" and sorted(figures["revisions"]) == [1, 2]
    assert "共 9 次" in text_of(client, path)


def test_assets(client: FlaskClient) -> None:
    text = text_of(client, "/assets")
    assert "流量中看到 5 台设备。 其中 3 台应答别人的请求" in text
    assert "1 台是近 24 小时第一次出现" in text
    assert "Siemens" in text and "S7-1200" in text and "02:00:00:00:0a:0c" in text
    assert len(client.get("/assets.json").get_json()["assets"]) == 5


def station_path(ip: str) -> str:
    return f"/assets/sensor-1/{sample.record_id(f'asset {ip}')}"


def test_links(client: FlaskClient) -> None:
    text = text_of(client, "/links")
    assert "流量中共看到 4 条通信关系" in text and "1 条是近 24 小时第一次出现" in text
    assert "192.168.10.13 :4840" in text and "OPC UA" in text and "61,002" in text
    figures = client.get("/links.json?address=192.168.10.11").get_json()
    assert {(item["client"], item["server_port"]) for item in figures["links"]} == {
        (sample.ATTACKER, 502),
        (sample.HMI, 502),
    }
    assert len(client.get("/links.json?address=192.168.10.20&protocol=s7comm").get_json()["links"]) == 1
    assert "没有符合条件的通信关系" in text_of(client, "/links?address=10.9.9.9")


def test_an_asset_shows_what_changed_and_whom_it_speaks_to(app: Flask) -> None:
    client = log_in(app)
    (before,) = [item for item in sample.assets() if item.body["ip"] == sample.PLC_S7]
    body = {**before.body, "roles": ["client", "server"], "identity": {**before.body["identity"], "firmware": "V4.6"}}
    app.extensions["otus"].store.merge([replace(before, revision=2, body=body)], "sensor-1")
    text = text_of(client, station_path(sample.PLC_S7))
    assert "固件版本：V4.5 → V4.6" in text and "新增角色：客户端" in text and "变化记录由此开始" in text
    assert "192.168.10.20" in text and "40,233" in text and "192.168.10.66" not in text
    figures = client.get(station_path(sample.PLC_S7) + ".json").get_json()
    assert [item["revision"] for item in figures["revisions"]] == [2, 1] and len(figures["links"]) == 1
    assert client.get(f"/assets/sensor-1/{'0' * 32}").status_code == 404
    assert station_path(sample.PLC_S7) in client.get("/assets").get_data(as_text=True)


def test_a_console_that_sums_up_is_one_card(make_console: MakeConsole) -> None:
    names = tuple(f"plant-{number}" for number in range(20))
    seen = Coverage(30_000, 24, names, 12, Ledger(90, 61, {"all": 29}), 21, 1, ("foshan",))
    client = log_in(make_console(records=[heartbeat_of(seen, "guangdong", sample.NOW_NS)]))
    text = text_of(client, "/sensors")
    assert "30000 台探针中有 24 台没有心跳" in text.replace(",", "")
    assert "下级汇总" in text and "plant-0、plant-1" in text and "等，另有 4 个" in text and "foshan" in text
    assert "采集口" not in text.partition("下级汇总")[2] and "等，另有 0 个" not in text
    figures = client.get("/sensors.json").get_json()
    assert (figures["total"], figures["silent_total"]) == (30_000, 24)
    assert figures["sensors"][0]["heartbeat"]["below"]["silent_child_names"] == ["foshan"]
    assert client.get("/overview.json").get_json()["sensors"] == 30_000


def test_sensors_show_the_whole_ledger(client: FlaskClient) -> None:
    text = text_of(client, "/sensors")
    assert "采集口发送报文数为 0" in text
    assert "收到 482,103 ＝ 解析 310,042 ＋ 跳过 172,061 ＋ 丢失 0 ＋ 暂存 0" in text
    assert "无数据的 TCP 报文（握手、确认、保活） no_payload 148,210" in text
    assert "已装载 24 条" in text and "128 项" in text and "工作中 （窗口 40 个，判定 38 个）" in text
    figures = client.get("/sensors.json").get_json()
    assert figures["transmitted"] == 0 and figures["sensors"][0]["heartbeat"]["ledger"]["received"] == 482_103


def test_a_sensor_that_sends_is_an_alarm(make_console: MakeConsole) -> None:
    port = replace(sample.heartbeat().interfaces[0], transmitted=3, dropped=7, offloads=("gro",))
    beat = sample.heartbeat(interfaces=(port,), ledger=Ledger(received=100, parsed=93, lost={"kernel": 7}))
    text = text_of(log_in(make_console(records=[sample.record("b", beat.to_json(), kind="heartbeat")])), "/sensors")
    assert "采集口发送过 3 个报文！" in text
    assert "丢失 7 个（7.0%）" in text and "内核缓冲溢出" in text and "gro" in text


def test_preview_shows_what_goes(client: FlaskClient) -> None:
    record = f"sensor-1/{sample.record_id('value')}"
    text = text_of(client, f"/preview?record={record}")
    assert "本级向 gd 上报" in text
    fields = {line["place"]: line for line in client.get(f"/preview.json?record={record}").get_json()["fields"]}
    assert fields["client.ip"]["action"] == "pseudonym" and "192.168" not in fields["client.ip"]["there"]
    assert fields["fields.modbus.values"]["action"] == "drop" and fields["fields.modbus.values"]["there"] == ""
    assert fields["level"] == {"place": "level", "action": "clear", "level": "general", "there": "high"}
    stays = text.partition("留在本级 ")[2].partition("换成代号 ")[0]
    assert "2650" in stays
    assert client.get("/preview.json?record=nobody/0").get_json()["fields"] == []


def test_refused_records_are_shown(make_console: MakeConsole) -> None:
    app = make_console(records=sample.plant())
    app.extensions["otus"].store.merge([sample.record("stop", sample.alert("stop").to_json())], "stranger")
    client = log_in(app)
    text = text_of(client, "/refused")
    assert "有 1 条记录被退回" in text and "来源不属于这个下级节点" in text and "stranger" in text
    assert client.get("/refused.json").get_json()["refused"][0]["direction"] == "incoming"


def test_nothing_refused_says_why_it_is_empty(client: FlaskClient) -> None:
    assert "没有退回的记录。" in text_of(client, "/refused")


@pytest.mark.parametrize(
    "path", ["/", "/incidents", "/assets", "/links", "/sensors", "/preview", "/refused", "/children"]
)
def test_empty_pages_say_what_would_fill_them(make_console: MakeConsole, path: str) -> None:
    page = log_in(make_console()).get(path).get_data(as_text=True)
    empty = re.findall(r'class="empty">([^<]+)<|class="lead">([^<]+)<', page)
    assert any(len(a or b) >= 12 for a, b in empty), "an empty page explains itself"
    assert "<tbody>\n</tbody>" not in page


def test_province_sees_its_children(make_console: MakeConsole) -> None:
    app = make_console("province", [replace(item, path=("shili",)) for item in sample.plant()], via="shili")
    here = app.extensions["otus"]
    here.nodes.add(here.store, "shili", "console")
    here.nodes.add(here.store, "never-heard", "console")
    client = log_in(app)
    text = text_of(client, "/children")
    assert "接入 2 家下级单位" in text and "其中 1 家目前看不到" in text
    figures = client.get("/children.json").get_json()
    by_name = {row["name"]: row for row in figures["children"]}
    assert by_name["shili"]["incidents_by_level"]["critical"] == 1
    assert by_name["shili"]["received"] == 482_103 and by_name["never-heard"]["last_seen_ns"] is None
    assert figures["silent"] == ["never-heard"]
    overview = text_of(client, "/")
    assert "下级单位有 2 件高危以上告警尚未办结" in overview and "看不到 1 家" in overview
    assert client.get("/incidents.json?child=shili").get_json()["total"] == 5
    journey = client.get(path_to("value")).get_data(as_text=True).partition('class="journey"')[2].partition("</ol>")[0]
    assert re.findall(r'mono wrap">([\w-]+)<', journey) == ["sensor-1", "shili", "gd"]


def test_many_children_are_pages_with_the_silent_first(make_console: MakeConsole) -> None:
    app = make_console("province", [replace(item, path=("shili",)) for item in sample.plant()], via="shili")
    here = app.extensions["otus"]
    for number in range(60):
        here.nodes.add(here.store, f"plant-{number:02d}", "console")
    client = log_in(app)
    first = client.get("/children.json").get_json()
    assert (first["total"], first["silent_total"]) == (61, 60)
    assert [row["name"] for row in first["children"]] == [f"plant-{number:02d}" for number in range(50)]
    rest = client.get(f"/children.json?cursor={first['next_cursor']}").get_json()
    assert [row["name"] for row in rest["children"]][-2:] == ["plant-59", "shili"] and rest["next_cursor"] is None
    found = client.get("/children.json?q=PLANT-1&order=name").get_json()
    assert len(found["children"]) == 10 and found["total"] == 61
    assert client.get("/children.json?q=shili&order=silent").get_json()["children"] == []
    page = client.get("/children?q=plant&order=silent").get_data(as_text=True)
    (following,) = re.findall(r'href="(/children\?cursor=[^"]*)"', page)
    assert "q=plant" in following and "order=silent" in following
    assert "plant-55" in text_of(client, unescape(following))
    assert "没有符合条件的单位" in text_of(client, "/children?q=nowhere")
    assert "没有符合条件的探针" in text_of(client, "/sensors?q=nowhere")
    assert client.get("/sensors.json?child=shili").get_json()["sensors"][0]["name"] == "sensor-1"


def test_what_was_cut_is_said_so_above(make_console: MakeConsole, client: FlaskClient) -> None:
    """The province shows the record as the enterprise's policy let it go: no value, no address, and says that."""
    from federation.policy import UpwardPolicy

    policy = UpwardPolicy(bytes(range(32)))
    records = [replace(policy.cut(item), path=("shili",)) for item in sample.plant()]
    above = log_in(make_console("province", records, via="shili"))
    page = above.get(path_to("value")).get_data(as_text=True)
    assert "2650" not in page and "192.168" not in page
    text = text_of(above, path_to("value"))
    assert "host-" in text and "同一代号始终是同一台设备" in text
    assert "离开企业时按策略 default-1 裁剪" in text
    assert "写单个寄存器的对象是保持寄存器" in text


@pytest.mark.parametrize("tier", ["enterprise", "province"])
def test_english_pages_have_no_chinese(make_console: MakeConsole, tier: str) -> None:
    records = sample.plant()
    client = log_in(make_console(tier, records, title=Text("Works", "Works")), language="en")
    paths = [
        "/",
        "/incidents",
        "/assets",
        station_path(sample.HMI),
        "/links",
        "/sensors",
        "/preview",
        "/refused",
        "/children",
        "/account",
        "/nothing",
    ]
    for path in [*paths, *(path_to(name) for name in sample.ALERTS)]:
        text = text_of(client, path).replace("角鸮", "").replace("中文", "")
        assert not HAN.findall(text), path


def test_an_older_console_shows_words_it_does_not_know(make_console: MakeConsole) -> None:
    alert = sample.alert("stop")
    newer = Alert.from_json({**alert.to_json(), "detector": "oracle", "protocol": "profinet", "technique": ["T9999"],
                             "reason": {"code": "saw_it_coming", "params": {}}, "later": {"x": 1}})  # fmt: skip
    client = log_in(make_console(records=[sample.record("newer", newer.to_json())]))
    text = text_of(client, f"/incidents/sensor-1/{sample.record_id('newer')}")
    assert "oracle" in text and "profinet" in text and "T9999" in text and "saw_it_coming" in text


def test_levels_are_always_words(client: FlaskClient) -> None:
    page = client.get("/incidents").get_data(as_text=True)
    chips = re.findall(r'<span class="chip (\w+)">([^<]+)</span>', page)
    names = {"critical": "危急", "high": "高危", "medium": "中危", "low": "低危", "notice": "提示"}
    assert chips and all(names[level] == word for level, word in chips)
    assert set(names) == {str(level) for level in Level}
