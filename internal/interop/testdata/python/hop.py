# SPDX-License-Identifier: Apache-2.0
"""What the Python peers have in common: a service is one hop of a chain.

A request says in its query where it goes from here: via=URL,URL. The answer
is JSON: who answered, what headers had come, what headers came back from the
next hop, and the next hop's answer.
"""

import json
import os
import secrets
import sys
import threading
import time
import urllib.parse
import urllib.request
import wsgiref.simple_server

# Where requests are taken, and the Zipkin server's list of spans.
HOST, PORT = os.environ.get("HOP_ADDR", "127.0.0.1:0").rsplit(":", 1)
NAME = os.environ.get("HOP_NAME", "python")
ZIPKIN = os.environ.get("HOP_ZIPKIN", "")


def when_abandoned(do):
    """Calls do when the process that started this one has ended."""

    def wait():
        sys.stdin.buffer.read()
        do()

    threading.Thread(target=wait, daemon=True).start()


def log(message, **fields):
    """Writes a line as JSON."""
    print(json.dumps({"service": NAME, "msg": message, **fields}), flush=True)


def query(text):
    """Returns a query string as a dictionary."""
    return dict(urllib.parse.parse_qsl(text))


def next_hop(via):
    """Returns the URL of the next hop, or nothing."""
    first, _, rest = via.partition(",")
    if rest:
        first += "?via=" + urllib.parse.quote(rest, safe="")
    return first


def get(url, headers):
    """Asks the next hop, and returns its headers and its answer."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as response:
        return dict(response.headers.items()), json.load(response)


def answer(headers, answered=None, following=None, **more):
    """Returns the answer of this hop."""
    text = {"service": NAME, "headers": {k.title(): v for k, v in headers.items()}, **more}
    if following is not None:
        text["answered"] = {k.title(): v for k, v in answered.items()}
        text["next"] = following
    return json.dumps(text).encode()


def wsgi_headers(environ):
    """Returns the headers of a WSGI request."""
    return {
        key[5:].replace("_", "-").title(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }


class _Silent(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *args):
        pass


def serve(application):
    """Serves a WSGI application until nobody wants it any more."""
    when_abandoned(lambda: os._exit(0))
    server = wsgiref.simple_server.make_server(HOST, int(PORT), application, handler_class=_Silent)
    server.serve_forever()


def new_id():
    """Returns 64 random bits as hex."""
    return secrets.token_hex(8)


def report(trace_id, span_id, parent_id, name, kind, begin, end, tags=None, shared=False):
    """Sends a span to Zipkin, for what cannot do so itself."""
    span = {
        "traceId": trace_id,
        "id": span_id,
        "name": name,
        "timestamp": int(begin * 1e6),
        "duration": max(int((end - begin) * 1e6), 1),
        "localEndpoint": {"serviceName": NAME},
        "tags": {k: str(v) for k, v in (tags or {}).items()},
    }
    if kind:
        span["kind"] = kind
    if parent_id:
        span["parentId"] = parent_id
    if shared:
        span["shared"] = True
    request = urllib.request.Request(
        ZIPKIN, json.dumps([span]).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()


def now():
    """Returns the time in seconds since 1970."""
    return time.time()
