"""The straight line of a request in the model: route, key, scope, body; and
the order in which these answer. What each route does stands in life_store,
life_secrets and life_keys."""

import re

import life_keys
import life_secrets
import life_store
import life_words as words
from life_json import Bad, parse
from life_world import Cell, Differs, Want, detail, faults

ONE = '/api/v2/integrations/{}'
KEYS = '/api/v2/api-keys'

# method, pattern, scope or None, takes a body, handler
ROUTES = [
    ('POST', '/api/v2/integrations/save', 'save', True, life_store.save),
    ('POST', '/api/v1/integrations/save', 'save', True, life_store.save),
    ('GET', '/api/v2/integrations', 'read', False, life_store.listing),
    ('GET', ONE, 'read', False, life_store.read),
    ('PATCH', ONE, 'save', True, life_store.patch),
    ('DELETE', ONE, 'save', False, life_store.delete),
    ('GET', ONE + '/auth_data', 'reveal', False, life_secrets.reveal),
    ('POST', ONE + '/auth_data/sealed', 'reveal', True,
     life_secrets.sealed),
    ('POST', ONE + '/verify', 'verify', True, life_secrets.verify),
    ('POST', ONE + '/refresh-lease', 'save', True, life_secrets.lease),
    ('DELETE', ONE + '/refresh-lease', 'save', False,
     life_secrets.release),
    ('GET', KEYS + '/self', None, False, life_keys.itself),
    ('DELETE', KEYS + '/self', 'admin', False, life_keys.revoke),
    ('GET', KEYS, 'admin', False, life_keys.listing),
    ('POST', KEYS, 'admin', True, life_keys.create),
    ('DELETE', KEYS + '/{}', 'admin', False, life_keys.revoke),
    ('POST', KEYS + '/{}/rotate', None, True, life_keys.rotate),
    ('GET', '/api/v2/audit', 'admin', False, life_keys.audit),
    ('GET', '/healthz', None, False, None),
]
ORDER = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE']
NO_HEAD = ONE + '/auth_data'
MESSAGE = r'[^"\\]+(?:\\.[^"\\]*)*'
ACCEPTS = 'application/merge-patch+json'


def find(path):
    """(the pattern of a path, what stands in its braces)."""
    if path.startswith('/api/') and path.endswith('/'):
        path = path[:-1]
    patterns = list(dict.fromkeys(route[1] for route in ROUTES))
    if path in patterns:
        return path, None
    for pattern in patterns:
        if '{}' not in pattern:
            continue
        head, tail = pattern.split('{}')
        m = re.fullmatch(re.escape(head) + '([^/]+)' + re.escape(tail), path)
        if m:
            return pattern, m.group(1)
    return None, None


def allowed(pattern):
    there = {route[0] for route in ROUTES if route[1] == pattern}
    if 'GET' in there and pattern != NO_HEAD:
        there.add('HEAD')
    return [method for method in ORDER if method in there]


def method_of(request):
    """The method that is asked for, or None."""
    lines = request.lines('x-http-method-override')
    if not lines:
        return request.method
    word = lines[0].strip(' \t')
    if len(lines) > 1 or request.method != 'POST' \
            or word not in ('PATCH', 'DELETE'):
        return None
    return word


def check_key(world, request, now):
    """(the key, None), or (None, the answer)."""
    lines = [line.strip(' \t') for line in request.lines('x-api-key')]
    bad = detail(401, 'Invalid API key', www_authenticate='ApiKey')
    if len(lines) > 1:
        return None, bad
    if not lines or not lines[0]:
        return None, detail(401, 'API key is required',
                            www_authenticate='ApiKey')
    key = world.keys.get(lines[0])
    if key is None or key.revoked is not None:
        return None, bad
    if key.expires is not None and now >= words.moment(key.expires.text()):
        return None, bad
    return key, None


def check_body(request, pattern):
    """(the text's root node, None), or (None, the answer)."""
    if len(request.body) > request.max_body:
        return None, detail(413, 'Request body too large')
    if request.length is not None and (
            not re.fullmatch('[0-9]+', request.length)
            or int(request.length) != len(request.body)):
        return None, detail(400, 'Bad Request')
    coding = request.lines('content-encoding')
    if coding and coding[0].strip(' \t').lower() not in ('', 'identity'):
        return None, detail(415, 'Unsupported Media Type',
                            accept_encoding='identity')
    # A lease is had, and a key is rotated, without a word.
    if not request.body and pattern.split('/')[-1] in ('refresh-lease',
                                                       'rotate'):
        return parse(b'{}'), None
    media = (request.type or '').split(';')[0].strip(' \t').lower()
    if media and not re.fullmatch(r'application/(?:json|[^/]+\+json)', media):
        return None, faults([words.fault(['body'], 'dict')])
    if not request.body:
        return None, faults([words.fault(['body'], 'missing')])
    try:
        node = parse(request.body)
    except Bad:
        if request.offset is None:
            raise Differs('the model takes this for no JSON') from None
        return None, Want(422, b'{"detail":[{"loc":["body",', request.offset,
                          b'],"msg":"', Cell(MESSAGE),
                          b'","type":"value_error.jsondecode"}]}')
    if node.kind != 'object':
        return None, faults([words.fault(
            ['body'], 'missing' if node.kind == 'null' else 'dict')])
    return node, None


def answer(world, request, now):
    """What is expected of a request at that moment, in µs."""
    pattern, param = find(request.path)
    if pattern is None:
        return detail(404, 'Not Found')
    method = method_of(request)
    allow = allowed(pattern)
    if method not in allow:
        more = {'accept_patch': ACCEPTS} if 'PATCH' in allow else {}
        return detail(405, 'Method Not Allowed', allow=', '.join(allow),
                      **more)
    route = next(r for r in ROUTES if r[1] == pattern
                 and r[0] == ('GET' if method == 'HEAD' else method))
    if route[4] is None:
        return told(Want(200, b'{"status":"ok"}'), route)
    key, want = check_key(world, request, now)
    if key is None:
        return told(want, route)
    want = serve(world, request, route, key, param, now)
    if route[0] == 'PATCH' and want.status in (200, 422):
        want.headers['accept-patch'] = ACCEPTS
    want.then.append(lambda got: setattr(key, 'was_used', True))
    return told(want, route)


def told(want, route):
    """The answer, with the name of its route."""
    want.route = '%s %s' % (route[0], route[1])
    return want


def serve(world, request, route, key, param, now):
    _, pattern, scope, takes_body, handler = route
    if scope is not None and scope not in key.scopes:
        return detail(403, 'API key lacks the scope: ' + scope)
    if handler is life_keys.rotate:
        want = life_keys.may_rotate(key, param)
        if want is not None:
            return want
    body = None
    if takes_body:
        body, want = check_body(request, pattern)
        if want is not None:
            return want
    return handler(Asked(world, request, key, param, body, pattern, now))


class Asked:
    """A request on its way through a handler."""

    def __init__(self, world, request, key, param, body, pattern, now):
        self.world, self.request, self.key = world, request, key
        self.param, self.body, self.now = param, body, now
        self.pattern = pattern
        self.id = (param or '').lower()

    def row(self):
        """The integration of the path, as far as the key may see it."""
        row = self.world.rows[self.key.user].get(self.id)
        return row if row is not None and self.key.sees(row.type) else None

    def nothing(self):
        return detail(404, 'Integration not found')

    def store(self, want, row):
        """The row is as it is here, if the answer comes."""
        rows = self.world.rows[row.user]

        def step(got):
            rows[row.id.text()] = row
            self.world.ids.add(row.id.text())
        want.then.append(step)
