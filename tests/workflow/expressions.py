"""GitHub's expressions, as far as our workflows use them, evaluated as GitHub does.

docs.github.com "Evaluate expressions in workflows and actions": `||` and `&&` return an operand, not a
boolean; strings are compared without case; a missing property is null, and null in a text is "".
"""

import json
import re

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w-]*)"
    r"|(?P<sign>\|\||&&|==|!=|[!()\[\],.*]))"
)
WORDS = {"true": True, "false": False, "null": None}


class ExpressionError(ValueError):
    """An expression that this evaluator does not know: extend it rather than guess."""


def filled(template, context):
    """A value of a workflow with its `${{ }}` evaluated; one that is a single expression keeps its type."""
    if isinstance(template, list):
        return [filled(item, context) for item in template]
    if isinstance(template, dict):
        return {name: filled(item, context) for name, item in template.items()}
    if not isinstance(template, str):
        return template
    alone = re.fullmatch(r"\s*\$\{\{(.*?)\}\}\s*", template, re.DOTALL)
    if alone and "${{" not in alone[1]:
        return evaluated(alone[1], context)
    return re.sub(
        r"\$\{\{(.*?)\}\}", lambda found: shown(evaluated(found[1], context)), template, flags=re.DOTALL
    )


def condition(text, context):
    """Evaluate an `if:`, whose `${{ }}` is optional."""
    inner = re.fullmatch(r"\s*\$\{\{(.*)\}\}\s*", text, re.DOTALL)
    return truth(evaluated(inner[1] if inner else text, context))


def evaluated(text, context):
    """The value of one expression; `context` holds github, inputs, needs and the like."""
    return _Reader(text, context).read()


def references(value, of):
    """The names after `of.` in every expression below a value of a workflow, such as of="secrets"."""
    if isinstance(value, dict):
        return {name for item in value.values() for name in references(item, of)}
    if isinstance(value, list):
        return {name for item in value for name in references(item, of)}
    inside = re.findall(r"\$\{\{(.*?)\}\}", str(value), re.DOTALL)
    return set(re.findall(rf"(?<![\w.]){of}\.([\w-]+)", " ".join(inside)))


def truth(value):
    return value not in (None, False, "", 0)


def shown(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def equal(left, right):
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    if type(left) is type(right) or {type(left), type(right)} <= {int, float}:
        return left == right
    return _number(left) == _number(right)


def _number(value):
    if value in (None, "", False):
        return 0.0
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _contains(there, item):
    if isinstance(there, list):
        return any(equal(each, item) for each in there)
    return shown(item).casefold() in shown(there).casefold()


FUNCTIONS = {
    "contains": _contains,
    "startswith": lambda text, start: shown(text).casefold().startswith(shown(start).casefold()),
    "endswith": lambda text, end: shown(text).casefold().endswith(shown(end).casefold()),
    "format": lambda text, *parts: shown(text).format(*map(shown, parts)),
    "join": lambda items, by=",": shown(by).join(map(shown, items)),
    "tojson": lambda value: json.dumps(value, indent=2),
    "fromjson": json.loads,
    # The status functions, for a job whose needs all succeeded.
    "success": lambda: True,
    "always": lambda: True,
    "failure": lambda: False,
    "cancelled": lambda: False,
}


class _Reader:
    """A recursive-descent parser: or, and, equality, not, then a value with its properties."""

    def __init__(self, text, context):
        self.text, self.context = text, {name.lower(): value for name, value in context.items()}
        self.tokens, at = [], 0
        while text[at:].strip():
            found = TOKEN.match(text, at)
            if found is None:
                raise ExpressionError(f"{text!r} at {at}")
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()

    def read(self):
        value = self._or()
        if self.tokens:
            raise ExpressionError(f"{self.text!r}: {self.tokens[0][1]!r} is left over")
        return value

    def _next(self, *signs):
        """Take the next token and return it if it is one of these signs, else None."""
        if self.tokens and self.tokens[0][0] == "sign" and self.tokens[0][1] in signs:
            return self.tokens.pop(0)[1]
        return None

    def _expect(self, sign):
        if not self._next(sign):
            raise ExpressionError(f"{self.text!r}: no {sign!r}")

    def _or(self):
        value = self._and()
        while self._next("||"):
            other = self._and()
            value = value if truth(value) else other
        return value

    def _and(self):
        value = self._equality()
        while self._next("&&"):
            other = self._equality()
            value = other if truth(value) else value
        return value

    def _equality(self):
        value = self._not()
        while sign := self._next("==", "!="):
            value = equal(value, self._not()) is (sign == "==")
        return value

    def _not(self):
        return not truth(self._not()) if self._next("!") else self._value()

    def _value(self):
        if self._next("("):
            value = self._or()
            self._expect(")")
            return self._properties(value)
        if not self.tokens:
            raise ExpressionError(f"{self.text!r} ends too early")
        kind, text = self.tokens.pop(0)
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind != "name":
            raise ExpressionError(f"{self.text!r}: {text!r}")
        if text in WORDS:
            return WORDS[text]
        if self._next("("):
            return self._properties(self._called(text))
        return self._properties(self.context.get(text.lower()))

    def _called(self, name):
        if name.lower() not in FUNCTIONS:
            raise ExpressionError(f"{self.text!r}: no function {name}")
        arguments = []
        while not self._next(")"):
            arguments.append(self._or())
            self._next(",")
        return FUNCTIONS[name.lower()](*arguments)

    def _properties(self, value):
        while sign := self._next(".", "["):
            if sign == "[":
                key = self._or()
                self._expect("]")
            elif self._next("*"):
                raise ExpressionError(f"{self.text!r}: filters (.*) are not known here")
            else:
                key = self.tokens.pop(0)[1]
            value = _item(value, key)
        return value


def _item(value, key):
    if isinstance(value, list):
        return value[key] if isinstance(key, int) and 0 <= key < len(value) else None
    if not isinstance(value, dict):
        return None
    return {name.casefold(): item for name, item in value.items()}.get(shown(key).casefold())
