"""Mutations that know the grammar: replace, duplicate, move, rename or delete one value of a document.

Mutated bytes rarely parse as a plan, so the fuzzer alternates between both kinds.
"""

import copy
import json
import random

import yaml

_ODD = (
    None, True, False, 0, -1, 1e308, 10**300, "", " ", "x", "0", "1h", "-1s", "70%", "200..299", "$", "$..*",
    "< 80", "${X}", "2026-02-02T12:00:00Z", "9999-12-31T23:59:59Z", "😀", "\u202e", "a" * 300, [], {}, [[]],
    {"": None},
)  # fmt: skip
_DEEPEST = 30


def changed(data, most, seed):
    """The document with one to three mutations, or None if the data is not a document."""
    chance = random.Random(seed)
    is_json = data[:1] in (b"{", b"[")
    try:
        document = json.loads(data) if is_json else yaml.load(data, Loader=yaml.CSafeLoader)
        if not isinstance(document, dict | list):
            return None
        # Otherwise a value shared through a YAML alias would change in every place at once.
        document = copy.deepcopy(document)
        for _ in range(chance.randint(1, 3)):
            _change(document, chance)
        written = json.dumps(document, default=str) if is_json else _yaml(document)
    except (ValueError, TypeError, RecursionError, yaml.YAMLError):
        return None
    return written.encode("utf-8", "replace")[:most]


def _yaml(document):
    return yaml.dump(document, Dumper=yaml.CSafeDumper, allow_unicode=True, width=200, sort_keys=False)


def _change(document, chance):
    places = list(_places(document, 0))
    if not places:
        return
    holder, key = chance.choice(places)
    match chance.randrange(5):
        case 0:
            del holder[key]
        case 1:
            other, other_key = chance.choice(places)
            holder[key] = copy.deepcopy(other[other_key])
        case 2 if isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        case 3 if isinstance(holder, dict):
            holder[str(chance.choice(places)[1])] = holder.pop(key)
        case _:
            holder[key] = copy.deepcopy(chance.choice(_ODD))


def _places(value, depth):
    if depth > _DEEPEST:
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from _places(item, depth + 1)
