"""A console as small as the protocol allows: it keeps what it acknowledges, and can be told to be full or silent."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class SmallConsole:
    """`mode`: "answers", "full" (503) or "hangs". `records` is what was acknowledged, in order."""

    def __init__(self, folder: Path) -> None:
        self.mode = "answers"
        self.records: list[dict[str, Any]] = []
        self.asked = threading.Event()
        self._over = threading.Event()
        self._token = folder / "token"
        self._token.write_text("a-token-for-tests", encoding="ascii")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def settings(self, folder: Path) -> dict[str, Any]:
        """What a sensor needs to report here."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        parent = {"name": "console", "url": url, "token_file": str(self._token)}
        return {"spool_dir": str(folder / "spool"), "parents": [parent]}

    def kind(self, kind: str) -> list[dict[str, Any]]:
        return [record for record in list(self.records) if record["kind"] == kind]

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        console = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                batch = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                console.asked.set()
                if console.mode == "hangs":
                    console._over.wait(60)
                    return
                status, answer = 503, {"error": "full"}
                if console.mode == "answers":
                    console.records += batch["records"]
                    keys = [
                        {name: record[name] for name in ("origin", "id", "revision")} for record in batch["records"]
                    ]
                    status, answer = 200, {"results": [{**key, "status": "stored"} for key in keys]}
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        return Handler
