"""Serving a console with gunicorn: one process that keeps the store open, many threads that answer.

One worker process, because the embedded store has one writer; threads wait on disk and sockets, not on each other.
"""

from __future__ import annotations

import ctypes
import ipaddress
import logging
import os
import signal
import socket
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from console import collector, tasks
from console.settings import ConsoleSettings

log = logging.getLogger(__name__)
KEEP_ALIVE_S = 20
GRACE_S = 15
BACKLOG = 256
PR_SET_PDEATHSIG = 1


class ConsoleRefused(RuntimeError):
    """The console cannot be started like this; the message is one line with the way out."""


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_bind(settings: ConsoleSettings) -> None:
    """Refuse to speak in clear to anything but this machine.

    Raises:
        ConsoleRefused: with one line for the person who starts it.
    """
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise ConsoleRefused("a TLS certificate needs its key and a key its certificate: give both, or neither")
    for path in (settings.tls_certificate, settings.tls_key):
        if path is not None and not path.is_file():
            raise ConsoleRefused(f"{path}: no such file; give the PEM file of the TLS certificate and of its key")
    if not settings.serves_tls and not is_loopback(settings.bind_host):
        raise ConsoleRefused(
            f"{settings.bind_host} is reachable from other machines: give a TLS certificate and key,"
            " or bind to 127.0.0.1 and put a TLS proxy before it"
        )


def listen(settings: ConsoleSettings) -> socket.socket:
    """A listening socket, so that a port in use is known before anything else starts.

    Raises:
        ConsoleRefused: the port is in use, not permitted, or the address is not this machine's.
    """
    check_bind(settings)
    host, port = settings.bind_host, settings.bind_port
    if not 0 <= port <= 65535:
        raise ConsoleRefused(f"{host}:{port} is no address to listen on: a port is 0 to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, OverflowError, UnicodeError) as error:
        raise ConsoleRefused(f"{host}:{port} is no address to listen on: {error}") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConsoleRefused(
            f"cannot listen on {host}:{port}: {reason}; stop what uses it or choose another port"
        ) from None
    return listener


def url_of(settings: ConsoleSettings, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    host = f"[{settings.bind_host}]" if ":" in settings.bind_host else settings.bind_host
    return f"{'https' if settings.serves_tls else 'http'}://{host}:{port}"


def _end_with_parent() -> None:
    """Have the kernel end this process when its parent dies, so that a killed console frees its port at once."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with its settings given here and no configuration file or environment of its own."""

    def __init__(self, settings: ConsoleSettings, listener: socket.socket, load: Callable[[], Flask],
                 stop: Callable[[], None]) -> None:  # fmt: skip
        self._settings, self._listener, self._load, self._stop = settings, listener, load, stop
        super().__init__()

    def load_config(self) -> None:
        settings = self._settings
        chosen: dict[str, Any] = {
            "bind": f"fd://{self._listener.fileno()}",
            "workers": 1,
            "threads": settings.threads,
            "worker_class": "gthread",
            "timeout": 60,
            "graceful_timeout": GRACE_S,
            "keepalive": KEEP_ALIVE_S,
            "limit_request_line": 8190,
            "limit_request_fields": 60,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "proc_name": f"otus-console-{settings.node_name}",
            "post_worker_init": lambda worker: tasks.end_with(worker.wsgi, lambda: not worker.alive),
            "post_fork": lambda arbiter, worker: _end_with_parent(),
            "worker_exit": lambda arbiter, worker: self._stop(),
            # Several consoles on one machine would share ~/.gunicorn/gunicorn.ctl.
            "control_socket_disable": True,
        }
        if settings.serves_tls:
            chosen |= {"certfile": str(settings.tls_certificate), "keyfile": str(settings.tls_key)}
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called in the worker, after the fork: the store's file is opened by the process that uses it."""
        application = self._load()
        collector.settle()
        return application
