#!/usr/bin/env python3
"""Serves one file on 127.0.0.1, as tools/fetch-weights meets it, and prints the port.

    serve.py FILE [--cut BYTES]

With --cut, an answer ends after that many bytes as if the line had dropped, and the next goes on by
its range: how a download of many hours comes in.
"""

import http.server
import os
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(FILE, "rb") as file:
            content = file.read()
        start = 0
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes=") and self.headers.get("If-Range") == '"v1"':
            start = int(asked[6:].split("-")[0])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("ETag", '"v1"')
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("Content-Type", "application/octet-stream")
        self.end_headers()
        self.wfile.write(content[start : start + CUT] if CUT else content[start:])

    def log_message(self, *_):
        pass


FILE = sys.argv[1]
CUT = int(sys.argv[3]) if len(sys.argv) > 3 else 0
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
parent = os.getppid()
server.timeout = 1
while os.getppid() == parent:
    server.handle_request()
