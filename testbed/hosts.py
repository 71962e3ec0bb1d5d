"""Who stands where in the plant. The network is fenced in: addresses repeat in every run and never meet."""

from __future__ import annotations

from dataclasses import dataclass

PREFIX_BITS = 24


@dataclass(frozen=True)
class Host:
    """One station of the plant; its name is also the end of its namespace's name."""

    name: str
    address: str
    mac: str
    zh: str
    en: str
    hostile: bool = False  # joins only when the attack begins


# The MAC prefixes are those such devices carry (Schneider, Siemens, Beckhoff, Dell, …), so that vendor names show.
HOSTS = (
    Host("boiler", "10.77.1.11", "00:80:f4:77:01:11", "锅炉给水 PLC（Modbus）", "boiler feed water PLC (Modbus)"),
    Host("cooling", "10.77.1.12", "00:80:f4:77:01:12", "循环冷却 PLC（Modbus）", "cooling water PLC (Modbus)"),
    Host("turbine", "10.77.1.21", "00:1b:1b:77:01:21", "汽轮机 PLC（S7）", "turbine PLC (S7)"),
    Host("gateway", "10.77.1.31", "00:01:05:77:01:31", "OPC UA 网关", "OPC UA gateway"),
    Host("scada", "10.77.1.101", "18:66:da:77:01:65", "SCADA 监控站", "SCADA station"),
    Host("historian", "10.77.1.102", "18:66:da:77:01:66", "历史数据站", "historian"),
    Host("engineer", "10.77.1.105", "18:66:da:77:01:69", "工程师站", "engineering station"),
    Host("intruder", "10.77.1.66", "52:54:00:77:01:42", "攻击者", "attacker", hostile=True),
)
BY_NAME = {host.name: host for host in HOSTS}
