"""The words of the contract, and its rules for single values: faults, fields
of bodies, queries, moments, entity tags. Knows nothing of who asks."""

import base64
import calendar
import re

from life_json import put_string

TYPES = ['sentry', 'jira', 'linear', 'confluence', 'slack', 'github']
STATUS = ['active', 'inactive', 'pending', 'error']
STATES = ['valid', 'expiring', 'expired', 'unknown']
SCOPES = ['save', 'read', 'reveal', 'verify', 'admin', 'metrics']
GRANTS = SCOPES[:5]
AUTH = ['access_token', 'refresh_token', 'token_type', 'expires_at', 'scope',
        'code']
SCOPE = ['org_slug', 'installation_id', 'workspace_id', 'project_id']
META = ['instance_name', 'created_via', 'version', 'description', 'tags']
FIELDS = ['name', 'integration_type', 'status', 'active', 'auth_data',
          'scope_data', 'metadata', 'unique_identifier']

FAULT = {
    'missing': ('field required', 'value_error.missing'),
    'null': ('none is not an allowed value', 'type_error.none.not_allowed'),
    'str': ('str type expected', 'type_error.str'),
    'bool': ('value could not be parsed to a boolean', 'type_error.bool'),
    'dict': ('value is not a valid dict', 'type_error.dict'),
    'list': ('value is not a valid list', 'type_error.list'),
    'enum': ('value is not a valid enumeration member', 'type_error.enum'),
    'min': ('ensure this value has at least 1 characters',
            'value_error.any_str.min_length'),
    'max': ('ensure this value has at most 255 characters',
            'value_error.any_str.max_length'),
    'nul': ('null characters are not allowed',
            'value_error.any_str.null_character'),
    'control': ('control characters are not allowed',
                'value_error.any_str.control_character'),
    'moment': ('invalid datetime format', 'value_error.datetime'),
    'integer': ('value is not a valid integer', 'type_error.integer'),
    'extra': ('extra fields not permitted', 'value_error.extra'),
    'text': ('value is not valid text', 'value_error.text'),
    'cursor': ('invalid cursor', 'value_error.cursor'),
    'uuid': ('value is not a valid uuid', 'type_error.uuid'),
    'const': ('field cannot be changed', 'value_error.const'),
    'members': ('ensure this value has 1 to 8 members',
                'value_error.members'),
    'public_key': ('value is not a valid public key',
                   'value_error.public_key'),
    'idempotency': ('value is not a valid idempotency key',
                    'value_error.idempotency_key'),
    'other_body': ('already used with another body',
                   'value_error.idempotency_key'),
}


def fault(loc, kind):
    """One member of "detail"; kind is a name, or ('ge'|'le', limit)."""
    if isinstance(kind, tuple):
        word = 'greater' if kind[0] == 'ge' else 'less'
        msg = 'ensure this value is %s than or equal to %d' % (word, kind[1])
        name = 'value_error.number.not_' + kind[0]
    else:
        msg, name = FAULT[kind]
    path = b','.join(b'%d' % p if isinstance(p, int) else put_string(p)
                     for p in loc)
    return b'{"loc":[%s],"msg":"%s","type":"%s"}' % (
        path, msg.encode(), name.encode())


# -- moments

ISO = re.compile(r'(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)'
                 r'(?:\.(\d{1,12}))?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)?',
                 re.ASCII)
DIGITS = re.compile(r'-?\d+(?:\.\d+)?', re.ASCII)
FIRST, LAST = -62135596800000000, 253402300799999999


def of_seconds(text):
    """Seconds since 1970 as µs, or None where they are not finite."""
    seconds = float(text)
    if seconds in (float('inf'), float('-inf')):
        return None
    while abs(seconds) > 2e10:
        seconds /= 1000
    us = seconds * 1000000
    return int(us + 0.5) if us >= 0 else -int(0.5 - us)


def moment(text):
    """A moment as text or digits in µs; None: it is none."""
    if DIGITS.fullmatch(text):
        return of_seconds(text)
    m = ISO.fullmatch(text)
    if not m:
        return None
    y, month, d, hour, minute = (int(m.group(i)) for i in range(1, 6))
    second = int(m.group(6) or 0)
    if not (1 <= y and 1 <= month <= 12 and hour < 24 and minute < 60
            and second < 60 and 1 <= d <= calendar.monthrange(
                y if y > 1 else 2001, month)[1]):
        return None
    ahead = 0
    if m.group(8):
        if int(m.group(9)) > 23 or int(m.group(10) or 0) > 59:
            return None
        ahead = int(m.group(9)) * 3600 + int(m.group(10) or 0) * 60
        ahead = -ahead if m.group(8) == '-' else ahead
    days = _days(y, month, d)
    us = int(((m.group(7) or '') + '000000')[:6])
    return ((days * 86400 + hour * 3600 + minute * 60 + second - ahead)
            * 1000000 + us)


def _days(y, m, d):
    """Days since 1970-01-01 of a day of the Gregorian calendar."""
    y -= m <= 2
    era, yoe = y // 400, y % 400
    doy = (153 * (m + (-3 if m > 2 else 9)) + 2) // 5 + d - 1
    return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468


def time_text(us):
    """A moment in created_at's form."""
    days, rest = divmod(us, 86400 * 1000000)
    z = days + 719468
    era, doe = divmod(z, 146097)
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    s, us = divmod(rest, 1000000)
    return '%04d-%02d-%02dT%02d:%02d:%02d.%06d' % (
        yoe + era * 400 + (month <= 2), month, doy - (153 * mp + 2) // 5 + 1,
        s // 3600, s // 60 % 60, s % 60, us)


# -- fields of bodies

def text_kind(node, low=0, high=True):
    """The fault of a string, or None."""
    if node.kind != 'string':
        return 'str'
    text = node.string()
    if len(text) < low:
        return 'min'
    if high and len(text) > 255:
        return 'max'
    return 'nul' if high and '\0' in text else None


def choice_kind(node, choices):
    if node.kind == 'null':
        return 'null'
    if node.kind == 'string' and node.string() in choices:
        return None
    return 'enum'


def moment_of_node(node):
    """(is one or none, µs or None)."""
    if node.kind == 'null':
        return True, None
    us = None
    if node.kind == 'number':
        us = of_seconds(node.raw.decode())
    elif node.kind == 'string':
        us = moment(node.string())
    return us is not None, us


def is_integer(node):
    return node.kind == 'number' and not set(node.raw) & set(b'.eE')


def integer_kind(node, low, high):
    if node.kind == 'null':
        return 'null'
    if not is_integer(node):
        return 'integer'
    n = int(node.raw)
    return ('ge', low) if n < low else ('le', high) if n > high else None


def inner_kind(at, name, node):
    """The fault of a member of auth_data, scope_data or metadata."""
    if node.kind == 'null':
        return None
    if at == 'auth_data' and name == 'expires_at':
        return None if moment_of_node(node)[0] else 'moment'
    if at == 'auth_data' and name == 'scope' and node.kind == 'array':
        return (None if all(i.kind == 'string' for i in node.items)
                else 'str')
    if at == 'scope_data' and node.kind == 'number':
        return None if is_integer(node) else 'str'
    if name == 'tags':
        return None if node.kind == 'array' else 'list'
    return None if node.kind == 'string' else 'str'


def inner_faults(at, node):
    """All faults of one of the three objects."""
    if node.kind == 'null' or (node.kind == 'array' and not node.items):
        return []
    if node.kind != 'object':
        return [fault(['body', at], 'dict')]
    out = []
    for name in {'auth_data': AUTH, 'scope_data': SCOPE,
                 'metadata': META}[at]:
        value = node.last(name)
        if value is None:
            continue
        kind = inner_kind(at, name, value)
        if kind:
            out.append(fault(['body', at, name], kind))
        elif name == 'tags' and value.kind == 'array':
            out += [fault(['body', at, name, i], 'str')
                    for i, item in enumerate(value.items)
                    if item.kind != 'string']
    return out


# -- queries

TRUE = ('true', '1', 'on', 'yes', 't', 'y')
FALSE = ('false', '0', 'off', 'no', 'f', 'n')


def _decode(piece):
    out, i = bytearray(), 0
    while i < len(piece):
        code = piece[i + 1:i + 3]
        if piece[i] == '+':
            out.append(32)
        elif piece[i] == '%' and re.fullmatch('[0-9A-Fa-f]{2}', code):
            out.append(int(code, 16))
            i += 2
        else:
            out += piece[i].encode()
        i += 1
    try:
        text = out.decode()
    except UnicodeDecodeError:
        return None
    return None if '\0' in text else text


def query(text, judges):
    """(values by name, faults). judges: name -> function of a value that
    gives a kind of fault or None, in their order."""
    values, extra = {}, set()
    for piece in text.split('&'):
        if not piece:
            continue
        name, _, value = piece.partition('=')
        name = _decode(name)
        if name not in judges:
            extra.add(name)
        else:
            values[name] = _decode(value)
    faults = []
    for name, judge in judges.items():
        if name in values:
            kind = 'text' if values[name] is None else judge(values[name])
            if kind:
                faults.append(fault(['query', name], kind))
    faults += [fault(['query', name], 'extra') for name in sorted(extra)]
    return values, faults


def limit_kind(value):
    if not re.fullmatch('-?[0-9]+', value):
        return 'integer'
    n = int(value)
    return ('ge', 1) if n < 1 else ('le', 200) if n > 200 else None


def part_kind(value):
    return 'min' if not value else 'max' if len(value) > 255 else None


def cursor_text(sort, us, integration_id):
    raw = (bytes([1, sort]) + us.to_bytes(8, 'big', signed=True)
           + bytes.fromhex(integration_id.replace('-', '')))
    return base64.urlsafe_b64encode(raw).rstrip(b'=').decode()


def cursor_read(text, sort):
    """(µs, id) or None."""
    try:
        raw = base64.b64decode(text + '=' * (-len(text) % 4), altchars=b'-_',
                               validate=True)
    except ValueError:
        return None
    if len(raw) != 26 or raw[0] != 1 or raw[1] != sort:
        return None
    at = int.from_bytes(raw[2:10], 'big', signed=True)
    h = raw[10:].hex()
    one = '-'.join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))
    return (at, one) if cursor_text(sort, at, one) == text else None
