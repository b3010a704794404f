# SPDX-License-Identifier: Apache-2.0
"""One hop with aiozipkin's middleware and client.

bits=64 starts a trace with an id of 64 bits, header=single sends one header;
by themselves its traces have 128 and its client sends several headers.
"""

import asyncio

import aiohttp
import aiozipkin
from aiohttp import web
from aiozipkin.helpers import TraceContext

import hop

CORRELATION = "X-Correlation-ID"


async def handle(request):
    options = request.query
    tracer = aiozipkin.get_tracer(request.app)
    span = aiozipkin.request_span(request)
    root = None
    if options.get("bits") == "64":
        root = tracer.to_span(
            TraceContext(
                trace_id=hop.new_id(), parent_id=None, span_id=hop.new_id(),
                sampled=True, debug=False, shared=False,
            )
        )
        root.start()
        root.kind(aiozipkin.SERVER)
        root.name("get /hop")
        span = root
    correlation = request.headers.get(CORRELATION, "")
    hop.log("handling", correlation_id=correlation, trace_id=span.context.trace_id)
    answered, following = None, None
    url = hop.next_hop(options.get("via", ""))
    if url:
        headers = {CORRELATION: correlation} if correlation else {}
        context = {"span_context": span.context}
        if options.get("header") == "single":
            # Its client sends several headers, or none, so this makes the
            # client's span itself.
            child = tracer.new_child(span.context)
            child.start()
            child.kind(aiozipkin.CLIENT)
            child.name("client get /hop")
            headers.update(child.context.make_single_header())
            session, context = request.app["plain"], None
        else:
            session = request.app["traced"]
        async with session.get(url, headers=headers, trace_request_ctx=context) as response:
            answered, following = dict(response.headers), await response.json()
        if options.get("header") == "single":
            child.finish()
    if root is not None:
        root.finish()
    return web.Response(
        body=hop.answer(dict(request.headers), answered, following),
        content_type="application/json",
    )


async def main():
    endpoint = aiozipkin.create_endpoint(hop.NAME, ipv4=hop.HOST, port=int(hop.PORT))
    tracer = await aiozipkin.create(hop.ZIPKIN, endpoint, sample_rate=1.0, send_interval=0.1)
    app = web.Application()
    app.router.add_get("/hop", handle)
    health = app.router.add_get("/health", lambda request: asyncio.sleep(0, web.Response()))
    aiozipkin.setup(app, tracer, skip_routes=[health])
    async with aiohttp.ClientSession(trace_configs=[aiozipkin.make_trace_config(tracer)]) as traced:
        async with aiohttp.ClientSession() as plain:
            app["traced"], app["plain"] = traced, plain
            runner = web.AppRunner(app)
            await runner.setup()
            await web.TCPSite(runner, hop.HOST, int(hop.PORT)).start()
            abandoned, loop = asyncio.Event(), asyncio.get_running_loop()
            hop.when_abandoned(lambda: loop.call_soon_threadsafe(abandoned.set))
            await abandoned.wait()
            await runner.cleanup()


asyncio.run(main())
