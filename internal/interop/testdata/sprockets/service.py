# SPDX-License-Identifier: Apache-2.0
"""One hop with sprockets.mixins.correlation: its handler takes, makes and
echoes Correlation-ID, and its access log has it.
"""

import asyncio
import json
import logging
import os
import sys

from sprockets.mixins import correlation
from sprockets.mixins.correlation.mixins import correlation_id_logger
from tornado import httpclient, web

import hop


class Lines(logging.Formatter):
    def format(self, record):
        return json.dumps({"service": hop.NAME, "msg": record.getMessage()})


class Hop(correlation.HandlerMixin, web.RequestHandler):
    async def get(self):
        answered, following = None, None
        url = hop.next_hop(self.get_query_argument("via", ""))
        if url:
            response = await httpclient.AsyncHTTPClient().fetch(
                url, headers={"Correlation-ID": self.correlation_id}
            )
            answered, following = dict(response.headers), json.loads(response.body)
        if self.get_query_argument("fail", ""):
            raise web.HTTPError(500)
        self.set_header("Content-Type", "application/json")
        self.finish(hop.answer(dict(self.request.headers), answered, following))


class Health(web.RequestHandler):
    def get(self):
        pass


handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(Lines())
logging.basicConfig(level=logging.INFO, handlers=[handler])
application = web.Application(
    [web.url("/hop", Hop), web.url("/health", Health)], log_function=correlation_id_logger
)


async def main():
    application.listen(int(hop.PORT), hop.HOST)
    hop.when_abandoned(lambda: os._exit(0))
    await asyncio.Event().wait()


asyncio.run(main())
