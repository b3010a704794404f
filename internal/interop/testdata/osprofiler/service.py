# SPDX-License-Identifier: Apache-2.0
"""One hop with osprofiler's WSGI middleware and client headers.

osprofiler has no driver for Zipkin: the notifications it gives out are sent
there by this program, with the low 64 bits of its ids as its own drivers for
OpenTracing do. start=yes starts a trace. With as=tomograph the next hop is
sent tomograph's header instead, as between two generations of OpenStack.
"""

import base64
import os
import pickle
import threading
import uuid

from osprofiler import notifier, profiler, web

import hop

KEYS = os.environ["HOP_KEYS"]
CORRELATION = "X-Correlation-Id"
begun = threading.local()


def short(text):
    return "%016x" % (uuid.UUID(text).int & (1 << 64) - 1)


def notify(payload):
    """Makes a span of the notifications of a start and a stop."""
    if payload["name"].endswith("-start"):
        begun.spans = getattr(begun, "spans", {})
        begun.spans[payload["trace_id"]] = hop.now()
        return
    begin = begun.spans.pop(payload["trace_id"])
    name = payload["name"].removesuffix("-stop")
    trace_id = uuid.UUID(payload["base_id"]).hex
    parent_id = None if payload["parent_id"] == payload["base_id"] else short(payload["parent_id"])
    kind = {"wsgi": "SERVER", "call": "CLIENT"}.get(name)
    hop.report(trace_id, short(payload["trace_id"]), parent_id, name, kind, begin, hop.now())


notifier.set(notify)


def client_headers(options):
    if options.get("as") != "tomograph":
        return web.get_trace_id_headers()
    p = profiler.get()
    pair = (int(p.get_base_id().replace("-", ""), 16), int(short(p.get_id()), 16))
    return {"X-Trace-Info": base64.b64encode(pickle.dumps(pair, 0)).decode()}


def handle(environ, start_response):
    options, headers = hop.query(environ["QUERY_STRING"]), hop.wsgi_headers(environ)
    if options.get("start"):
        profiler.init(KEYS.split(",")[0])
        profiler.start("begin")
    current = profiler.get()
    trace_id = uuid.UUID(current.get_base_id()).hex if current else ""
    correlation = headers.get(CORRELATION, "")
    hop.log("handling", correlation_id=correlation, trace_id=trace_id)
    answered, following = None, None
    url = hop.next_hop(options.get("via", ""))
    if url:
        profiler.start("call")
        sent = client_headers(options)
        if correlation:
            sent[CORRELATION] = correlation
        answered, following = hop.get(url, sent)
        profiler.stop()
    if options.get("start"):
        profiler.stop()
        profiler.clean()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [hop.answer(headers, answered, following, trace_id=trace_id)]


traced = web.WsgiMiddleware(handle, hmac_keys=KEYS, enabled=True)


def application(environ, start_response):
    if environ["PATH_INFO"] == "/health":
        start_response("200 OK", [])
        return [b""]
    return traced(environ, start_response)


hop.serve(application)
