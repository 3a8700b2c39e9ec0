"""localstripe, with what it leaves out of Stripe's documented behaviour and Portico relies on.

Prints its port and serves on loopback until its standard input ends.
"""

import asyncio
import re
import sys

from aiohttp import web
from localstripe import resources

resources.Store.dump_to_disk = lambda self: None  # nothing outlives the test

from localstripe.server import app  # noqa: E402

answers, under_way, detached = {}, set(), set()


def error(status, code):
    body = {'error': {'type': 'invalid_request_error', 'code': code}}
    return web.json_response(body, status=status)


async def refusal(request):
    """A method belongs to one customer, and to none ever again once it was detached."""
    path = re.fullmatch(r'/v1/payment_methods/(\w+)/(attach|detach)', request.path)
    if not path:
        return None
    method = resources.store.get('payment_method:' + path[1])
    customer = (await request.post()).get('customer')
    if path[2] == 'attach' and (path[1] in detached or method and method.customer not in (None, customer)):
        return error(400, 'payment_method_unexpected_state')
    if path[2] == 'detach' and method:
        if method.customer is None:
            return error(400, 'payment_method_unexpected_state')
        detached.add(path[1])
    return None


@web.middleware
async def stripe(request, handler):
    if request.path == '/v1/customers/search':
        wanted = re.fullmatch(r"metadata\['(\w+)'\]:'([^']*)'", request.query['query'])
        found = [value._export() for key, value in resources.store.items()
                 if key.startswith('customer:') and value.metadata.get(wanted[1]) == wanted[2]]
        return web.json_response({'object': 'search_result', 'data': found, 'has_more': False})
    key = request.headers.get('Idempotency-Key')
    if request.method != 'POST' or not key:
        return await handler(request)
    if key in under_way:
        return error(409, 'idempotency_key_in_use')
    if key not in answers:
        under_way.add(key)
        try:
            answer = await refusal(request) or await handler(request)
        finally:
            under_way.discard(key)
        answers[key] = (answer.status, answer.body)
    status, body = answers[key]
    return web.Response(status=status, body=body, content_type='application/json')


async def main():
    app.middlewares.insert(0, stripe)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, '127.0.0.1', 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
