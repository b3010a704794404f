# SPDX-License-Identifier: Apache-2.0
"""One hop in the manner of tomograph, whose header is the base64 of the
pickle of a pair of integers, the id of the trace and the id of the span.

tomograph itself is Python 2 and cannot be installed any more. start=yes starts
a trace; protocol says which protocol of pickle the next hop is sent.
"""

import base64
import pickle
import random

import hop

CORRELATION = "X-Correlation-Id"
LARGEST = 2**53 - 2


def pack(pair, protocol):
    return base64.b64encode(pickle.dumps(pair, protocol)).decode()


def unpack(header):
    return pickle.loads(base64.b64decode(header)) if header else None


def application(environ, start_response):
    if environ["PATH_INFO"] == "/health":
        start_response("200 OK", [])
        return [b""]
    options, headers = hop.query(environ["QUERY_STRING"]), hop.wsgi_headers(environ)
    begin, came = hop.now(), unpack(headers.get("X-Trace-Info"))
    trace, parent = came or (None, None)
    if trace is None and options.get("start"):
        trace = random.randint(1, LARGEST)
    span = random.randint(1, LARGEST)
    trace_id = "%016x" % trace if trace else ""
    correlation = headers.get(CORRELATION, "")
    hop.log("handling", correlation_id=correlation, trace_id=trace_id)
    answered, following = None, None
    url = hop.next_hop(options.get("via", ""))
    if url:
        sent = {CORRELATION: correlation} if correlation else {}
        if trace:
            sent["X-Trace-Info"] = pack((trace, span), int(options.get("protocol", "0")))
        answered, following = hop.get(url, sent)
    if trace:
        hop.report(trace_id, "%016x" % span, parent and "%016x" % parent, "handle", "SERVER", begin, hop.now())
    start_response("200 OK", [("Content-Type", "application/json")])
    return [hop.answer(headers, answered, following, trace_id=trace_id)]


hop.serve(application)
