"""Count vaelib's lines of code, without docstrings, comments and blank lines: `make size`."""

import ast
import io
import tokenize
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "vaelib"
NOT_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def docstring_lines(tree: ast.AST) -> set[int]:
    """Return the numbers of the lines that docstrings take."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef)
    nodes = [node.body[0] for node in ast.walk(tree) if isinstance(node, owners) and ast.get_docstring(node)]
    return {line for node in nodes for line in range(node.lineno, node.end_lineno + 1)}


def lines_of_code(path: Path) -> int:
    """Count the lines of one file that hold code."""
    text = path.read_text()
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NOT_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - docstring_lines(ast.parse(text)))


def sizes() -> dict[str, int]:
    """Return each module's lines of code."""
    return {str(path.relative_to(PACKAGE)): lines_of_code(path) for path in sorted(PACKAGE.rglob("*.py"))}


def totals() -> dict[str, int]:
    """Return the lines of code of the library proper, and of the widgets that show it in a page."""
    counts = sizes()
    widgets = sum(count for name, count in counts.items() if name.startswith("widgets/"))
    return {"library": sum(counts.values()) - widgets, "widgets": widgets}


if __name__ == "__main__":
    for name, count in (sizes() | totals()).items():
        print(f"{count:6}  {name}")
    print(f"{sum(sizes().values()):6}  in all")
