"""Rows of captures for rules about what offices speak: `pcaps.make.rules` writes them."""

from __future__ import annotations

from collections.abc import Callable

from pcaps.make import rules_logins
from pcaps.make import rules_networks as networks
from pcaps.make import rules_services as services
from pcaps.make import rules_web as web
from pcaps.make import rules_windows as windows
from testbed.pcapfile import Frame

Row = tuple[str, tuple[str, ...], bool, str, Callable[[], list[Frame]]]


def _row(name: str, make: Callable[[], list[Frame]], text: str, *more: str) -> Row:
    return (name, (name.partition("/")[0], *more), False, text, make)


MADE: tuple[Row, ...] = (
    *rules_logins.ROWS,
    _row("smb/first_version_attacked", windows.first_version_attacked, "a list too long for its field, and an implant"),
    _row("smb/first_version", windows.first_version, "the first version as old panels speak it"),
    _row("smb/remote_work", windows.remote_work, "a program, a service, a task and accounts by way of SMB"),
    _row("smb/guest", windows.guest, "a guest is let in"),
    _row("smb/many_renamed", windows.many_renamed, "sixty files are renamed"),
    _row("smb/few_renamed", windows.few_renamed, "forty files are renamed and written"),
    _row("smb/from_outside", windows.share_from_outside, "somebody in the internet asks for shares"),
    _row("smb/eicar", web.eicar_shared, "the antivirus test file is read from a share"),
    _row("flow/many_shares_tried", windows.many_shares_tried, "port 445 of fourteen stations is tried"),
    _row("flow/few_shares_tried", windows.few_shares_tried, "shares of four servers, pages of twenty stations"),
    _row("flow/makers_tried", windows.makers_tried, "the ports of four makers' controllers are looked for"),
    _row("flow/own_controllers_off", windows.own_controllers_off, "two kinds of controllers do not answer"),
    _row("flow/old_services", services.old_services, "a remote login, and a file by TFTP"),
    _row("vnc/unlocked", windows.unlocked_desktops, "a desktop without a password, a choice that was not offered"),
    _row("vnc/from_outside", windows.viewer_from_outside, "somebody in the internet asks for a desktop"),
    _row("rdp/old", windows.old_desktops, "a desktop for anybody, and the channel of an exploit"),
    _row("rdp/from_outside", windows.desktop_from_outside, "somebody in the internet asks for a desktop"),
    _row("ssh/from_outside", services.shell_from_outside, "somebody in the internet asks for a shell"),
    _row("ssh/first_version", services.old_shell, "version 1 only"),
    _row("telnet/from_outside", services.terminal_from_outside, "somebody in the internet logs in"),
    _row("ftp/anonymous", services.anonymous_files, "public files are fetched"),
    _row("http/ordinary", web.ordinary, "pages, a form, a file"),
    _row("http/attacks", web.attacks, "paths that lead out, commands in parameters, a shell that is uploaded"),
    _row("http/scanner", web.scanner, "two scanners that say who they are"),
    _row("http/controllers_pages", web.controllers_pages, "the pages that controllers bring along"),
    _row("http/management", web.management, "Windows is managed from afar"),
    _row("http/eicar", web.eicar_fetched, "the antivirus test file, whole and in chunks"),
    _row("http/program", web.program_fetched, "a program, whole and in chunks"),
    _row("smtp/eicar", web.eicar_mailed, "a mail with the antivirus test file"),
    _row("smtp/program", web.program_mailed, "a mail with a program"),
    _row("transfer/eicar", web.eicar_carried, "the antivirus test file over a data connection"),
    _row("transfer/program", web.program_carried, "a program over a data connection"),
    _row("transfer/script", web.script_carried, "a script over a data connection"),
    _row("stratum/mining", web.mining, "a machine gets its work from a pool"),
    _row("stratum/asked", web.asked_only, "a pool is asked, and nobody logs in"),
    _row("flow/outflow", services.outflow, "a megabyte leaves for the internet"),
    _row("dns/unknown_names", networks.unknown_names, "thirty names that do not exist"),
    _row("dns/few_unknown_names", networks.few_unknown_names, "one name again and again, and names that exist"),
    _row("dns/answers_unasked", networks.answers_unasked, "twelve answers to nothing that was asked"),
    _row("llmnr/proxy_answered", networks.proxy_answered, "a neighbour says that it is the proxy"),
    _row("llmnr/names_answered", networks.names_answered, "a neighbour says who it is"),
    _row("flow/safety_controller", networks.safety_controller, "a few bytes on the port of TriStation"),
    _row("dns/remote_tools", networks.remote_tool_names, "servers of programs for remote control"),
    _row("dhcp/two_servers", networks.two_servers, "two stations offer addresses"),
    _row("dhcp/one_server", networks.one_server, "one station offers addresses"),
    _row("dhcp/many_clients", networks.many_clients, "addresses are asked for under eighty names"),
    _row("dhcp/few_clients", networks.few_clients, "four devices are switched on"),
    _row("ntp/monlist", networks.monlist, "who asked for the time is asked for"),
    _row("ntp/clock", networks.clock, "the time, and how the server is"),
    _row("snmp/managed", networks.managed, "a community of its own, and version 3"),
    _row("snmp/changed_by_default", networks.changed_by_default, "a setting is changed with the default community"),
    _row("snmp/communities_guessed", networks.communities_guessed, "wrong communities are reported four times"),
    _row("snmp/links_change", networks.links_change, "lines go down and come back"),
    _row("tls/old", services.old_tls, "TLS 1.0 with RC4 and a certificate that expired"),
    _row("tls/new", services.new_tls, "TLS 1.2 with a good certificate"),
    _row("tls/remote_tool", services.remote_tool, "the servers of a program for remote control"),
    _row("teamviewer/pings", services.pings, "the service asks whether its server is there"),
    _row("tds/taken_over", services.database_taken_over, "a program is started, a database is copied"),
    _row("mysql/dumped", services.tables_dumped, "four tables are dumped, the client's file is asked for"),
    _row("postgresql/dumped", services.cluster_dumped, "a dump, and a program started by a copy"),
    _row("pop3/tls", services.mail_fetched_sealed, "a mail program goes over to TLS"),
    _row("imap/tls", services.mailbox_sealed, "a mail program goes over to TLS"),
    _row("rtsp/open", services.open_camera, "a camera that asks nobody for a name"),
    _row("snmp/secure", networks.managed_sealed, "version 3 alone"),
    _row("telnet/options", services.options_only, "two stations that agree on options and say nothing"),
    _row("redis/ordinary", services.keys_and_values, "a value and a setting are read"),
)
