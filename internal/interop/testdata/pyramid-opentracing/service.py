# SPDX-License-Identifier: Apache-2.0
"""One hop with pyramid-opentracing's tween, OpenTracing's API and
jaeger-client's tracer, which speaks B3 through its codec.

BITS is the length of the ids of its traces, and SAMPLED=no samples none of
them. With DECORATED=yes the view is traced by the decorator, not by the tween.
With CODEC=plain the codec is jaeger-client's, unchanged.
"""

import os

import opentracing
from jaeger_client import ConstSampler, Tracer
from jaeger_client.codecs import B3Codec
from jaeger_client.reporter import BaseReporter
from opentracing.ext import tags
from pyramid.config import Configurator
from pyramid.response import Response
from pyramid_opentracing import PyramidTracing

import hop

BITS = int(os.environ.get("BITS", "128"))
DIGITS = BITS // 4
CORRELATION = "X-Correlation-Id"


class Codec(B3Codec):
    """jaeger-client's codec reads from a dict only. Pyramid's headers are none,
    and pyramid-opentracing takes the complaint for a request without a trace.
    """

    def extract(self, carrier):
        return super().extract(dict(carrier))


class ToZipkin(BaseReporter):
    """jaeger-client speaks Thrift to an agent of Jaeger."""

    def report_span(self, span):
        context, values = span.context, {tag.key: tag.vStr or tag.vLong for tag in span.tags}
        kind = {"server": "SERVER", "client": "CLIENT"}.get(values.get(tags.SPAN_KIND))
        hop.report(
            format(context.trace_id, "x").zfill(32 if context.trace_id >> 64 else 16),
            "%016x" % context.span_id,
            context.parent_id and "%016x" % context.parent_id,
            span.operation_name, kind, span.start_time, span.end_time, values,
        )


codec = B3Codec if os.environ.get("CODEC") == "plain" else Codec
tracer = Tracer(
    hop.NAME, ToZipkin(), ConstSampler(os.environ.get("SAMPLED", "yes") == "yes"),
    generate_128bit_trace_id=BITS == 128,
    extra_codecs={opentracing.Format.HTTP_HEADERS: codec(generate_128bit_trace_id=BITS == 128)},
)
tracing = PyramidTracing(tracer)


def view(request):
    headers = dict(request.headers.items())
    correlation = headers.get(CORRELATION, "")
    trace_id = format(tracer.active_span.context.trace_id, "x").zfill(DIGITS)
    hop.log("handling", correlation_id=correlation, trace_id=trace_id)
    answered, following = None, None
    url = hop.next_hop(request.params.get("via", ""))
    if url:
        with tracer.start_active_span("call", tags={tags.SPAN_KIND: "client"}) as scope:
            sent = {CORRELATION: correlation} if correlation else {}
            tracer.inject(scope.span.context, opentracing.Format.HTTP_HEADERS, sent)
            answered, following = hop.get(url, sent)
    return Response(
        hop.answer(headers, answered, following, trace_id=trace_id),
        content_type="application/json", charset="utf-8",
    )


def build(trace_all):
    with Configurator(settings={
        "ot.tracing": tracing, "ot.trace_all": trace_all, "ot.traced_attributes": ["host", "method"],
    }) as config:
        config.include("pyramid_opentracing")
        config.add_route("hop", "/hop")
        config.add_route("health", "/health")
        config.add_view(view if trace_all else tracing.trace("host")(view), route_name="hop")
        config.add_view(lambda request: Response(""), route_name="health")
        return config.make_wsgi_app()


hop.serve(build(os.environ.get("DECORATED") != "yes"))
