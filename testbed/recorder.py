"""Record an interface from a raw socket. For making captures; the sensor has its own way and does not use this."""

from __future__ import annotations

import socket
import struct
import threading
from types import TracebackType

from testbed.pcapfile import Frame

ETH_P_ALL = 0x0003
SO_TIMESTAMPNS = 35
RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024
FRAME_MAX_BYTES = 65535
STOP_LOOK_S = 0.2


class Recorder:
    """Collects frames between `with` and its end. Times are the kernel's."""

    def __init__(self, interface: str) -> None:
        self.frames: list[Frame] = []
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind((interface, ETH_P_ALL))
        self._socket.settimeout(STOP_LOOK_S)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._collect, name="recorder")

    def __enter__(self) -> Recorder:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self._socket.close()

    def _collect(self) -> None:
        while not self._stopping.is_set():
            try:
                data, ancillary, _, _ = self._socket.recvmsg(FRAME_MAX_BYTES, socket.CMSG_SPACE(16))
            except TimeoutError:
                continue
            seconds, nanoseconds = struct.unpack("=qq", ancillary[0][2][:16])
            self.frames.append(Frame(seconds * 1_000_000_000 + nanoseconds, data))
