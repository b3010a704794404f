# SPDX-License-Identifier: Apache-2.0
"""One hop with divak: its application takes, makes and echoes Request-Id, and
its logger has it in each line.
"""

import asyncio
import json
import logging
import os
import sys

import divak.api
from tornado import httpclient, web

import hop


class Lines(logging.Formatter):
    def format(self, record):
        request_id = getattr(record, "divak_request_id", "")
        return json.dumps({"service": hop.NAME, "msg": record.getMessage(), "request_id": request_id})


class Hop(divak.api.Logger, web.RequestHandler):
    async def get(self):
        self.logger.info("handling")
        answered, following = None, None
        url = hop.next_hop(self.get_query_argument("via", ""))
        if url:
            response = await httpclient.AsyncHTTPClient().fetch(
                url, headers={"Request-Id": self.request.divak_request_id}
            )
            answered, following = dict(response.headers), json.loads(response.body)
        if self.get_query_argument("fail", ""):
            raise web.HTTPError(500)
        self.set_header("Content-Type", "application/json")
        self.finish(hop.answer(dict(self.request.headers), answered, following))


class Health(web.RequestHandler):
    def get(self):
        pass


class Application(divak.api.Recorder, web.Application):
    def __init__(self):
        super().__init__([web.url("/hop", Hop), web.url("/health", Health)])
        self.set_divak_service(hop.NAME)
        self.add_divak_propagator(divak.api.RequestIdPropagator())


handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(Lines())
logging.basicConfig(level=logging.INFO, handlers=[handler])


async def main():
    Application().listen(int(hop.PORT), hop.HOST)
    hop.when_abandoned(lambda: os._exit(0))
    await asyncio.Event().wait()


asyncio.run(main())
