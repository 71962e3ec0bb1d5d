"""Classes of incidents, as a proposal on an alert that a person confirms.

The ten classes of GB/T 20986-2023 (信息安全技术 网络安全事件分类分级指南), clause 5. Their names in both languages
were written from memory of the text (m): no claim of conformity rests on them. Codes are ours, stable, and travel.
"""

from __future__ import annotations

from types import MappingProxyType

from sensor.schema.parts import Text

CLASSES = MappingProxyType(
    {
        "malware": Text("恶意程序事件", "malicious software"),
        "attack": Text("网络攻击事件", "network attack"),
        "data": Text("数据安全事件", "data security"),
        "content": Text("信息内容安全事件", "information content"),
        "fault": Text("设备设施故障事件", "fault of equipment"),
        "violation": Text("违规操作事件", "operation against the rules"),
        "exposure": Text("安全隐患事件", "exposure"),
        "deviation": Text("异常行为事件", "abnormal behaviour"),
        "disaster": Text("不可抗力事件", "force majeure"),
        "other": Text("其他事件", "other"),
    }
)
"""Code → name (m). An attack was meant to do harm; a violation is an act of somebody who works there, such as a stop
that nobody ordered; an exposure is a weakness that nobody used yet; a deviation is only unlike what was learned."""


def class_name(code: str) -> Text:
    """The class in words; of a newer child's code that is not known here, the code itself."""
    return CLASSES.get(code, Text(code, code))
