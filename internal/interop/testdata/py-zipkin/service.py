# SPDX-License-Identifier: Apache-2.0
"""One hop with py-zipkin's server and client spans.

bits=128 starts a trace with an id of 128 bits; by themselves its traces have
64.
"""

import urllib.parse

from py_zipkin import Encoding, Kind
from py_zipkin.request_helpers import create_http_headers, extract_zipkin_attrs_from_headers
from py_zipkin.transport import SimpleHTTPTransport
from py_zipkin.util import create_attrs_for_span
from py_zipkin.zipkin import zipkin_span

import hop

CORRELATION = "X-Correlation-Id"
# py-zipkin looks these up as they are written here.
SPELLING = {
    name.title(): name
    for name in ("X-B3-TraceId", "X-B3-SpanId", "X-B3-ParentSpanId", "X-B3-Sampled", "X-B3-Flags", "b3")
}
address = urllib.parse.urlsplit(hop.ZIPKIN)
transport = SimpleHTTPTransport(address.hostname, address.port)


def application(environ, start_response):
    if environ["PATH_INFO"] == "/health":
        start_response("200 OK", [])
        return [b""]
    options, headers = hop.query(environ["QUERY_STRING"]), hop.wsgi_headers(environ)
    attrs = extract_zipkin_attrs_from_headers(
        {SPELLING.get(name, name): value for name, value in headers.items()}
    )
    root = attrs is None
    if root:
        attrs = create_attrs_for_span(use_128bit_trace_id=options.get("bits") == "128")
    correlation = headers.get(CORRELATION, "")
    hop.log("handling", correlation_id=correlation, trace_id=attrs.trace_id)
    answered, following = None, None
    with zipkin_span(
        hop.NAME, "serve", zipkin_attrs=attrs, transport_handler=transport, kind=Kind.SERVER,
        encoding=Encoding.V2_JSON, port=int(hop.PORT), host=hop.HOST,
        report_root_timestamp=root,
    ):
        url = hop.next_hop(options.get("via", ""))
        if url:
            with zipkin_span(hop.NAME, "call", kind=Kind.CLIENT):
                sent = {k: v for k, v in create_http_headers().items() if v is not None}
                if correlation:
                    sent[CORRELATION] = correlation
                answered, following = hop.get(url, sent)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [hop.answer(headers, answered, following)]


hop.serve(application)
