"""json_reference.py CASES ROUNDS SEED PROGRAM...: random and mutated texts,
judged by Python's parser at its strictest and by the program. Prints how many
both took, how many each, and every text on which they differ: the value, or
the verdict without one of the limits as its reason."""

import json
import random
import re
import subprocess
import sys

LEVELS, MEMBERS, VALUES = 32, 1024, 16384

PIECES = [b'{', b'}', b'[', b']', b',', b':', b'"', b'\\', b'"a"', b'"b"',
          b'null', b'true', b'false', b'NaN', b'Infinity', b'-Infinity', b'0',
          b'-0', b'1', b'-1.5e+3', b'1E400', b'0.1', b'01', b'1.', b'.5',
          b'\\u0000', b'\\u0061', b'\\ud83d', b'\\ude00', b'\\ud83d\\ude00',
          b'\\n', b'\\/', b'\\x', b"'", b'/**/', b'//', b' ', b'\t', b'\n',
          b'\r', b'\x0b', b'\x0c', b'\x00', b'\x1f', b'\x7f', b'\xc3\xa9',
          b'\xe2\x82\xac', b'\xf0\x9f\x98\x80', b'\xed\xa0\x80', b'\xc0\x80',
          b'\xf4\x90\x80\x80', b'\xff', b'\xef\xbb\xbf', b'\xc2\xa0',
          b'\xe2\x80\xa8', b'+', b'-', b'e', b'E', b'.', b'1e5', b'""']


def unescape(text):
    """The notation of t/cases/json.txt."""
    out = text.encode()
    out = re.sub(rb'%\((\d+):([^)]*)\)',
                 lambda m: m.group(2) * int(m.group(1)), out)
    return re.sub(rb'%([0-9A-F]{2})', lambda m: bytes([int(m.group(1), 16)]),
                  out)


def refuse(name):
    raise ValueError(name)



def reference(text):
    """What the text says, or a ValueError."""
    return json.loads(text.decode('utf-8', 'strict'), parse_constant=refuse,
                      parse_int=lambda s: ('number', s),
                      parse_float=lambda s: ('number', s),
                      object_pairs_hook=Pairs)


class Pairs(list):
    """An object as it stands in the text; equal when its members are."""

    def __eq__(self, other):
        return isinstance(other, Pairs) and dict(self) == dict(other)

    __hash__ = None


def over_limits(value):
    """Why a text that is good may be refused: a documented limit."""
    count = [0]

    def walk(item, level):
        count[0] += 1
        if isinstance(item, tuple):
            return False
        if isinstance(item, str):
            return any('\ud800' <= c <= '\udfff' for c in item)
        if isinstance(item, Pairs):
            return (level > LEVELS or len(item) > MEMBERS
                    or any(walk(k, 0) for k, _ in item)
                    or any(walk(v, level + 1) for _, v in item))
        if isinstance(item, list):
            return level > LEVELS or any(walk(v, level + 1) for v in item)
        return False

    return walk(value, 1) or count[0] > VALUES


def random_string(rnd):
    return b'"' + b''.join(rnd.choice(
        [b'a', b'b', b'\\u0041', b'\\n', b'\\"', b'\\\\', b'\xc3\xa9', b'\x7f',
         b'\\ud83d\\ude00', b'\xf0\x9f\x98\x80', b'\\u0000', b'\\ud800',
         b'\\uDFFF', b'\xe2\x80\xa8'])
        for _ in range(rnd.randrange(5))) + b'"'


def random_value(rnd, level=0):
    """A text that is good, or nearly."""
    space = rnd.choice([b'', b'', b'', b' ', b'\n\t'])
    kind = rnd.randrange(8 if level < 6 else 5)
    if kind < 2:
        return space + random_string(rnd)
    if kind == 2:
        return space + rnd.choice([b'null', b'true', b'false'])
    if kind < 5:
        return space + b'%s%d%s%s' % (
            rnd.choice([b'', b'-']), rnd.choice([0, 1, 7, 10 ** 25, 2 ** 63]),
            rnd.choice([b'', b'', b'.0', b'.125']),
            rnd.choice([b'', b'', b'e5', b'E-07', b'e+400']))
    if kind == 5:
        return space + b'[' + b','.join(
            random_value(rnd, level + 1)
            for _ in range(rnd.randrange(5))) + b']' + space
    return space + b'{' + b','.join(
        random_string(rnd) + space + b':' + random_value(rnd, level + 1)
        for _ in range(rnd.randrange(5))) + space + b'}'


def mutate(rnd, text):
    out = bytearray(text)
    for _ in range(rnd.randrange(1, 4)):
        at = rnd.randrange(len(out) + 1)
        how = rnd.randrange(5)
        if how == 0 and out:
            out[min(at, len(out) - 1)] ^= 1 << rnd.randrange(8)
        elif how == 1:
            del out[at:at + rnd.randrange(1, 4)]
        elif how == 2:
            out[at:at] = rnd.choice(PIECES)
        elif how == 3 and out:
            other = rnd.randrange(len(out))
            out[at:at] = out[other:other + rnd.randrange(1, 12)]
        else:
            out = out[:at]
            out += rnd.choice(PIECES)
    return bytes(out)


def texts(rnd, cases, rounds):
    yield from cases
    pool = [c for c in cases if len(c) < 2000]
    for i in range(rounds):
        how = i % 4
        if how == 0:
            yield random_value(rnd)
        elif how == 1:
            yield mutate(rnd, random_value(rnd))
        elif how == 2:
            yield mutate(rnd, rnd.choice(pool))
        else:
            yield b''.join(rnd.choice(PIECES)
                           for _ in range(rnd.randrange(1, 12)))


def main():
    cases_file, rounds, seed, *program = sys.argv[1:]
    rnd = random.Random(int(seed))
    with open(cases_file, encoding='ascii') as lines:
        cases = [unescape(line.rstrip('\n').split('\t')[1])
                 for line in lines if line[0] != '#']
    sys.setrecursionlimit(10000)
    taken = {'both': 0, 'neither': 0, 'limit': 0, 'differ': 0}
    samples = []
    child = subprocess.Popen(program, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
    batch = []

    def judge():
        child.stdin.write(b''.join(t.hex().encode() + b'\n' for t in batch))
        child.stdin.flush()
        for text in batch:
            said = child.stdout.readline().split()
            try:
                value = reference(text)
                good = True
            except (ValueError, RecursionError):
                good = False
            ok = said[0] == b'ok'
            if ok and good:
                try:
                    again = reference(bytes.fromhex(said[1].decode()))
                except (ValueError, RecursionError):
                    again = None
                same = again == value
                taken['both' if same else 'differ'] += 1
                if not same:
                    samples.append('value: %r' % text[:200])
            elif ok:
                taken['differ'] += 1
                samples.append('taken: %r' % text[:200])
            elif good and over_limits(value):
                taken['limit'] += 1
            elif good:
                taken['differ'] += 1
                samples.append('refused: %r' % text[:200])
            else:
                taken['neither'] += 1
        batch.clear()

    for text in texts(rnd, cases, int(rounds)):
        batch.append(text)
        if sum(map(len, batch)) > 8000 or len(text) > 8000:
            judge()
    judge()
    child.stdin.close()
    print('both %(both)d neither %(neither)d limit %(limit)d differ %(differ)d'
          % taken)
    for sample in samples[:20]:
        print(sample)
    return child.wait()


sys.exit(main())
