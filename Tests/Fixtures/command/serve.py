#!/usr/bin/env python3
"""Serves one file on 127.0.0.1, as tools/fetch-weights meets it, and prints the port.

    serve.py FILE

How it answers is said by the JSON in FILE.how, which is read for every request:

    {"cut": BYTES}      an answer ends after so many as if the line had dropped, and the next goes on by
                        its range: how a download of many hours comes in
    {"chunked": true}   in chunks, so that nobody is told how long it is
    {"html": true}      a web page, as a login is
    {"status": CODE, "times": N}   no more than this status, N times or ever
    {"status": CODE, "after": N}   the same after N answers

What was asked and answered is added to FILE.log, a line each: the range, or -, and the status.
"""

import http.server
import json
import os
import sys
import zlib


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    said = None
    answers = 0

    def do_GET(self):
        self.close_connection = True
        with open(f"{FILE}.how", encoding="utf-8") as file:
            how = json.load(file)
        if how != Handler.said:
            Handler.said, Handler.answers = how, 0
        with open(FILE, "rb") as file:
            content = file.read()
        Handler.answers += 1
        span = range(how.get("after", 0), how.get("times", Handler.answers))
        if how.get("status") and Handler.answers - 1 in span:
            self.begin(how["status"], {"Content-Length": 0})
            return
        version = f'"{zlib.crc32(content):08x}"'
        status, headers, start = 200, {"ETag": version}, 0
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes=") and self.headers.get("If-Range") == version:
            start = int(asked[6:].split("-")[0])
            if start >= len(content):
                self.begin(416, {"Content-Range": f"bytes */{len(content)}", "Content-Length": 0})
                return
            status = 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        headers["Content-Type"] = "text/html" if how.get("html") else "application/octet-stream"
        body = content[start:]
        cut = how.get("cut", len(body))
        if not how.get("chunked"):
            self.begin(status, headers | {"Content-Length": len(body)})
            self.wfile.write(body[:cut])
            return
        self.begin(status, headers | {"Transfer-Encoding": "chunked"})
        # One chunk, within which the line drops where it is to.
        self.wfile.write(b"%x\r\n" % len(body) + body[:cut])
        if cut >= len(body):
            self.wfile.write(b"\r\n0\r\n\r\n")

    def begin(self, status, headers):
        with open(f"{FILE}.log", "a", encoding="utf-8") as log:
            log.write(f"{self.headers.get('Range', '-')} {status}\n")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()

    def log_message(self, *_):
        pass


FILE = sys.argv[1]
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
parent = os.getppid()
server.timeout = 1
while os.getppid() == parent:
    server.handle_request()
