"""What may be changed in the code, one change at a time: places found in the syntax tree, changes made in the text.

The text around a change stays as it is, byte by byte, so that line numbers and what people read agree.

Left alone is what no test should notice: docstrings, annotations (but for the limits of fields in them), logs,
assertions, descriptions, and texts for people, which are the strings with a space in them.
"""

import ast
import re
from dataclasses import dataclass

from tests.mutants.placeholders import placeholders

COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: (r"<", "<="),
    ast.LtE: (r"<=", "<"),
    ast.Gt: (r">", ">="),
    ast.GtE: (r">=", ">"),
    ast.Eq: (r"==", "!="),
    ast.NotEq: (r"!=", "=="),
    ast.Is: (r"\bis\b", "is not"),
    ast.IsNot: (r"\bis\s+not\b", "is"),
    ast.In: (r"\bin\b", "not in"),
    ast.NotIn: (r"\bnot\s+in\b", "in"),
}

ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: (r"\+", "-"),
    ast.Sub: (r"-", "+"),
    ast.Mult: (r"\*", "/"),
    ast.Div: (r"/", "*"),
    ast.FloorDiv: (r"//", "*"),
    ast.Mod: (r"%", "*"),
}

FOR_PEOPLE = {"description", "examples", "title", "summary", "tags", "help", "doc", "json_schema_extra", "responses"}
"""Arguments that only explain."""

METHODS = {"on", "before", "after", "cond", "unless", "validators"}
"""Arguments by which the chart names methods: a wrong name is an error at import, which shows nothing."""

UNHEARD = {"TypeVar", "getLogger", "get_logger"}
"""Calls whose arguments do nothing."""

LIMITS = {"Field", "Header", "Query", "Path", "Cookie", "StringConstraints"}
"""What stands in annotations and yet decides at run time."""

LOGS = re.compile(r"(?:^|\.)_?log(?:ger|ging)?(?:\.|$)")


@dataclass(frozen=True)
class Change:
    """One change: the text from `start` to `end` becomes `instead`."""

    operator: str
    start: int
    end: int
    instead: str
    function: str
    at_import: bool
    """The place runs when its module is imported: no test can be said to run it."""
    first_line: int
    last_line: int
    """The lines of the statement that the place belongs to: whoever runs one of them may notice. Of a function's
    decorators and defaults, these are the function's."""


def changes(source: str) -> list[Change]:
    """Return every change of a module's source, in the order of its text."""
    walk = _Walk(source)
    walk.visit(ast.parse(source))
    kept = {(each.start, each.end, each.instead): each for each in walk.found}
    return [kept[place] for place in sorted(kept)]


def says_something_else(source: str, change: Change) -> bool:
    """Whether the source with the change in it can be read, and says something else."""
    try:
        after = ast.parse(apply(source, change))
    except SyntaxError:
        return False
    return ast.dump(after) != ast.dump(ast.parse(source))


def apply(source: str, change: Change) -> str:
    """Return the source with the change in it."""
    return source[: change.start] + change.instead + source[change.end :]


def _dotted(node: ast.AST) -> str:
    match node:
        case ast.Attribute(value=value, attr=attr):
            return f"{_dotted(value)}.{attr}"
        case ast.Name(id=name):
            return name
        case ast.Call(func=func):
            return _dotted(func)
        case _:
            return ""


class _Walk(ast.NodeVisitor):
    def __init__(self, source: str) -> None:
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._lines = [line.encode() for line in source.splitlines(keepends=True)]
        self._names: list[str] = []
        self._in_call = False
        self._statement = (1, 1)
        self.found: list[Change] = []

    # ---------------------------------------------------------------- places in the text

    def _offset(self, line: int, column: int) -> int:
        """The tree counts columns in bytes of UTF-8, the text in characters."""
        return self._starts[line - 1] + len(self._lines[line - 1][:column].decode())

    def _span(self, node: ast.AST) -> tuple[int, int]:
        start = self._offset(node.lineno, node.col_offset)  # type: ignore[attr-defined] # of every expression
        return start, self._offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def _text(self, node: ast.AST) -> str:
        start, end = self._span(node)
        return self._source[start:end]

    def _add(self, operator: str, start: int, end: int, instead: str) -> None:
        function = ".".join(self._names)
        self.found.append(Change(operator, start, end, instead, function, not self._in_call, *self._statement))

    def _replace(self, operator: str, node: ast.AST, instead: str) -> None:
        self._add(operator, *self._span(node), instead)

    def _between(self, operator: str, left: ast.AST, right: ast.AST, token: str, instead: str) -> None:
        start, end = self._span(left)[1], self._span(right)[0]
        found = re.search(token, self._source[start:end])
        if found:
            self._add(operator, start + found.start(), start + found.end(), instead)

    def _drop(self, operator: str, start: int, end: int) -> None:
        """Leave out one of several that commas part."""
        if after := re.compile(r"\s*,[ \t]*").match(self._source, end):
            self._add(operator, start, after.end(), "")
        elif before := re.search(r",\s*$", self._source[:start]):
            self._add(operator, before.start(), end, "")
        else:
            self._add(operator, start, end, "")

    # ---------------------------------------------------------------- statements

    def visit(self, node: ast.AST) -> None:
        """Remember the statement, and go on."""
        if not isinstance(node, ast.stmt | ast.match_case | ast.ExceptHandler):
            super().visit(node)
            return
        outer = self._statement
        body = getattr(node, "body", None)
        first = node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno
        if isinstance(body, list) and body:
            self._statement = (first, max(first, body[0].lineno - 1))
        else:
            self._statement = (first, getattr(node, "end_lineno", first))
        super().visit(node)
        self._statement = outer

    def _scope(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, *, runs: bool) -> None:
        outer = self._in_call
        self._names.append(node.name)
        self._in_call = runs
        for statement in node.body:
            self.visit(statement)
        self._in_call = outer
        self._names.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outer, self._statement = self._statement, (node.lineno, node.end_lineno or node.lineno)
        in_call, self._in_call = self._in_call, True
        self._names.append(node.name)
        for decorator in node.decorator_list:
            self.visit(decorator)
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
            self._limits(argument.annotation)
        self._names.pop()
        self._in_call, self._statement = in_call, outer
        self._scope(node, runs=True)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - the visitor's own name

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        for keyword in node.keywords:
            self.visit(keyword.value)
        self._scope(node, runs=self._in_call)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._limits(node.annotation)
        if node.value is not None:
            self._dropped_assignment(node, node.target)
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        names = [_dotted(target) for target in node.targets]
        if "__all__" in names:
            return
        if len(node.targets) == 1:
            self._dropped_assignment(node, node.targets[0])
        self.generic_visit(node)

    def _dropped_assignment(self, node: ast.stmt, target: ast.expr) -> None:
        if isinstance(target, ast.Attribute | ast.Subscript) and self._in_call and self._names[-1] != "__init__":
            self._replace("statement dropped", node, "pass")

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._replace("statement dropped", node, "pass")
        if swap := ARITHMETIC.get(type(node.op)):
            self._between("arithmetic", node.target, node.value, swap[0], swap[1])
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Constant) or LOGS.search(_dotted(value)) or _dotted(value) == "assert_never":
            return
        if isinstance(value, ast.Call):
            self._replace("statement dropped", node, "pass")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
            return
        self._replace("None returned", node.value, "None")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._replace("statement dropped", node, "pass")
        self.generic_visit(node)

    def visit_Delete(self, node: ast.Delete) -> None:
        if self._in_call:
            self._replace("statement dropped", node, "pass")

    def visit_Assert(self, node: ast.Assert) -> None:
        """They state what cannot be otherwise."""

    def visit_If(self, node: ast.If) -> None:
        if _dotted(node.test) == "TYPE_CHECKING" or "__name__" in self._text(node.test):
            return
        self._condition(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        if not isinstance(node.test, ast.Constant):
            self._replace("condition", node.test, "False")
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._condition(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for each in node.ifs:
            self._condition(each)
        self.generic_visit(node)

    def _condition(self, test: ast.expr) -> None:
        self._replace("condition", test, "True")
        self._replace("condition", test, "False")

    def visit_match_case(self, node: ast.match_case) -> None:
        if node.guard is not None:
            self._add("guard dropped", self._span(node.pattern)[1], self._span(node.guard)[1], "")
            self.visit(node.guard)
        self.visit(node.pattern)
        for statement in node.body:
            self.visit(statement)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if isinstance(node.type, ast.Tuple):
            for each in node.type.elts:
                self._drop("exception dropped", *self._span(each))
        for statement in node.body:
            self.visit(statement)

    # ---------------------------------------------------------------- expressions

    def _limits(self, annotation: ast.expr | None) -> None:
        """Visit what decides in an annotation: `Annotated[int, Field(ge=1)]`."""
        for node in ast.walk(annotation) if annotation else ():
            if isinstance(node, ast.Call) and _dotted(node.func) in LIMITS:
                self.visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = _dotted(node.func)
        if LOGS.search(name) or name in UNHEARD:
            return
        if name in {"min", "max"}:
            self._replace("min, max", node.func, "max" if name == "min" else "min")
        for keyword in node.keywords:
            if keyword.arg is not None and keyword.arg not in FOR_PEOPLE:
                self._drop("argument dropped", *self._span(keyword))
                if not (keyword.arg in METHODS and isinstance(keyword.value, ast.Constant)):
                    self.visit(keyword.value)
        self.visit(node.func)
        for argument in node.args[1:] if name == "cast" else node.args:
            self.visit(argument)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                if isinstance(key, ast.Constant) and key.value in FOR_PEOPLE:
                    continue
                self._drop("entry dropped", self._span(key)[0], self._span(value)[1])
                self.visit(key)
            self.visit(value)

    def visit_Compare(self, node: ast.Compare) -> None:
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            token, instead = COMPARISONS[type(op)]
            self._between("comparison", left, right, token, instead)
            left = right
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        token, instead, neutral = (r"\band\b", "or", "True")
        if isinstance(node.op, ast.Or):
            token, instead, neutral = (r"\bor\b", "and", "False")
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._between("and, or", left, right, token, instead)
        for each in node.values:
            self._replace("operand dropped", each, neutral)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._replace("not dropped", node, f"({self._text(node.operand)})")
        elif isinstance(node.op, ast.USub):
            self._replace("sign dropped", node, f"({self._text(node.operand)})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if swap := ARITHMETIC.get(type(node.op)):
            self._between("arithmetic", node.left, node.right, swap[0], swap[1])
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._replace("constant", node, str(not value))
        elif isinstance(value, int | float):
            self._replace("constant", node, repr(value + 1))
            self._replace("constant", node, repr(value - 1))
        elif isinstance(value, str) and not re.search(r"\s", value):
            self._string(node)

    def _string(self, node: ast.expr) -> None:
        """Change a string's beginning; of several that stand beside each other, the first's."""
        start, end = self._span(node)
        if opening := re.match(r"[rRbBuUfF]*(?:'''|\"\"\"|'|\")", self._source[start:end]):
            self._add("string", start + opening.end(), start + opening.end(), "x")

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """An f-string without spaces is a key or an address: what it is made of matters."""
        said = "".join(str(each.value) for each in node.values if isinstance(each, ast.Constant))
        if re.search(r"\s", said):
            return
        start, _ = self._span(node)
        self._string(node)
        for first, last in placeholders(self._text(node)):
            self._add("placeholder dropped", start + first, start + last, "")
