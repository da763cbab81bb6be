#!/usr/bin/env python3
"""The grammars in editors/ know the language that grammar/Fed.g4, compiler/check/builtins.def and stdlib/ have.

Every keyword, scalar type, place, intrinsic and builtin function is in the lists of VS Code's grammar and of Vim's. The TextMate grammar is
then run by a small interpreter of such grammars, over lines by hand and over every program of examples/ and stdlib/: words, operators and
numbers must get the scopes that they are. The problem matcher must read the reports of fedc that are kept in tests/check/errors/.
"""
import json
import re
import subprocess
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[2]
vscode = root / "editors" / "vscode"
grammar_text = (root / "grammar" / "Fed.g4").read_text()
wrong = []


def expect(holds, what):
    if not holds:
        wrong.append(what)


# --- what the language has


def quoted(name):
    """The quoted words of a token or rule of the grammar."""
    return re.findall(r"'(\w+)'", re.search(rf"^{name}\s*:([^;]*);", grammar_text, re.MULTILINE).group(1))


def token_texts():
    """Name -> text of every token that is one fixed text: keywords, operators, brackets."""
    return {name: text.replace("\\'", "'") for name, text in re.findall(r"^([A-Z_]+) : '((?:[^'\\]|\\.)+)' ;$", grammar_text, re.MULTILINE)}


def number_rules():
    """The lexer's rules of numbers, in its order, as regular expressions."""
    def expression(name):
        body = re.search(rf"^(?:fragment )?{name} : (.*) ;$", grammar_text, re.MULTILINE).group(1)
        parts = re.findall(r"'[^']*'|\[[^\]]*\]|[A-Z]+|[|()?*+]", body)
        return "(?:" + "".join(re.escape(p[1:-1]) if p[0] == "'" else "(?:" if p == "(" else expression(p) if p.isalpha() else p for p in parts) + ")"
    names = sorted(("INT", "FLOAT", "BAD_NUMBER"), key=lambda n: grammar_text.index(f"\n{n} :"))
    return [(name, re.compile(expression(name))) for name in names]


def lexed_number(text, rules):
    """(rule, length) of the token at the beginning of `text`: the longest, of equals the first."""
    return max(((name, n) for name, rule in rules for n in range(1, len(text) + 1) if rule.fullmatch(text[:n])), key=lambda found: found[1])


# --- a TextMate grammar at work


class Grammar:
    def __init__(self, definition):
        self.repository = {**definition["repository"], "$self": {"patterns": definition["patterns"]}}
        self.top = {"patterns": definition["patterns"], "name": definition["scopeName"]}
        self.compiled = {}
        self.flat = {}

    def regex(self, text):
        if text not in self.compiled:
            self.compiled[text] = re.compile(text)
        return self.compiled[text]

    def rules_of(self, rule):
        """The rules that may match within `rule`, includes replaced by what they stand for."""
        if id(rule) not in self.flat:
            result, seen = [], set()

            def add(patterns):
                for pattern in patterns:
                    name = pattern.get("include", "").lstrip("#")
                    if name in seen and name:
                        continue
                    seen.add(name)
                    found = self.repository[name] if name else pattern
                    if "match" in found or "begin" in found:
                        result.append(found)
                    else:
                        add(found["patterns"])

            add(rule.get("patterns", []))
            self.flat[id(rule)] = result
        return self.flat[id(rule)]

    def all_rules(self):
        def walk(node):
            if isinstance(node, dict):
                yield node
                for child in node.values():
                    yield from walk(child)
            elif isinstance(node, list):
                for child in node:
                    yield from walk(child)
        return list(walk({k: v for k, v in self.repository.items() if k != "$self"}))

    def line_tokens(self, line, stack):
        """[(text, scopes)] of one line; `stack` holds the rules that are open and is left as the next line finds it."""
        tokens, at = [], 0

        def scopes():
            return tuple(n for rule, inside in stack for n in (rule.get("name"), rule.get("contentName") if inside else None) if n)

        def put(begin, end, names):
            if end > begin:
                tokens.append((line[begin:end], names))

        def put_match(match, captures, names):
            begin = match.start()
            for group in range(1, (match.re.groups or 0) + 1):
                capture = captures.get(str(group))
                if capture and match.start(group) >= begin:
                    put(begin, match.start(group), names)
                    put(*match.span(group), (*names, capture["name"]))
                    begin = match.end(group)
            whole = captures.get("0")
            put(begin, match.end(), (*names, whole["name"]) if whole else names)

        while True:
            found = None
            rule = stack[-1][0]
            candidates = [("end", rule)] if "end" in rule else []
            candidates += [("begin" if "begin" in r else "match", r) for r in self.rules_of(rule)]
            for how, candidate in candidates:
                match = self.regex(candidate[how]).search(line, at)
                if match and (found is None or match.start() < found[0].start()):
                    found = (match, how, candidate)
            if found is None:
                put(at, len(line), scopes())
                return tokens
            match, how, candidate = found
            put(at, match.start(), scopes())
            if how == "end":
                stack[-1] = (rule, False)
                put_match(match, rule.get("endCaptures", {}), scopes())
                stack.pop()
            elif how == "begin":
                stack.append((candidate, False))
                put_match(match, candidate.get("beginCaptures", {}), scopes())
                stack[-1] = (candidate, True)
            else:
                put_match(match, candidate.get("captures", {}), scopes() + ((candidate["name"],) if "name" in candidate else ()))
            if how != "end" and match.end() == match.start():
                sys.exit(f"a rule of the TextMate grammar matches nothing: {candidate[how]}")
            at = match.end()

    def tokens(self, text):
        """([(text, scopes)] without spaces, how many rules are open at the end)"""
        stack, result = [(self.top, True)], []
        for line in text.splitlines():
            result += [(t.strip(), s) for t, s in self.line_tokens(line, stack) if t.strip()]
        return result, len(stack) - 1

    def scope_of(self, line, text, count=0):
        """The innermost scope of the token `text` of a line (the one number `count` of those)."""
        found = [scopes[-1] for token, scopes in self.tokens(line)[0] if token == text]
        return found[count] if count < len(found) else f"no token `{text}` in {[t for t, _ in self.tokens(line)[0]]}"


def check_words(grammar):
    """Lists of words, in both grammars."""
    texts = token_texts()
    keywords = {text for text in texts.values() if text[0].isalpha()}
    functions = set(re.findall(r'^FEDC_BUILTIN\(\s*\w+,\s*"(\w+)"', (root / "compiler/check/builtins.def").read_text(), re.MULTILINE))
    written = {n for p in (root / "stdlib").rglob("*.fed") for n in re.findall(r"^fn (federated_\w+)", p.read_text(), re.MULTILINE)}
    scalars, places = set(quoted("SCALAR")), set(quoted("PLACE"))
    expect(len(keywords) > 15 and len(functions) > 80 and len(written) > 3 and len(scalars) > 10 and len(places) == 2,
           "this test finds too few words in grammar/Fed.g4, builtins.def or stdlib/")

    # By the beginning of the scope that a TextMate rule gives to words.
    textmate = {}
    for rule in grammar.all_rules():
        names = [rule.get("name", "")] + [c["name"] for k in ("captures", "beginCaptures") if isinstance(rule.get(k), dict) for c in rule[k].values()]
        for expression in (rule.get("match"), rule.get("begin")):
            words = re.findall(r"[A-Za-z]\w*", re.sub(r"\[[^\]]*\]|\\.", " ", expression)) if isinstance(expression, str) else []
            for name in names:
                if isinstance(name, str) and name:
                    textmate.setdefault(name.removesuffix(".fed"), set()).update(words)
    vim = {}
    for line in (root / "editors/vim/syntax/fed.vim").read_text().splitlines():
        match = re.match(r"syn (keyword|match) (\w+) (.*)", line)
        if match:
            text = match.group(3) if match.group(1) == "keyword" else re.sub(r"\[[^\]]*\]|\\(?:z[se]|.)", " ", match.group(3))
            vim.setdefault(match.group(2), set()).update(re.findall(r"[A-Za-z]\w*", text))

    def words_of(table, *beginnings):
        return set().union(*(words for name, words in table.items() if name.startswith(beginnings)))

    wanted = [
        ("keyword", keywords, ("keyword.", "storage.type", "constant.language"),
         ("fedControl", "fedImport", "fedDeclaration", "fedOperator", "fedConstant", "fedOther")),
        ("scalar type", scalars, ("support.type",), ("fedScalar",)),
        ("place", places, ("storage.modifier.placement",), ("fedPlace",)),
        ("intrinsic", {n for n in functions | written if n.startswith("federated_")}, ("support.function.federated",), ("fedIntrinsic",)),
        ("builtin function", {n for n in functions if not n.startswith("federated_")}, ("support.function.builtin",), ("fedBuiltin",)),
    ]
    for what, words, in_textmate, in_vim in wanted:
        for word in sorted(words - words_of(textmate, *in_textmate)):
            wrong.append(f"the TextMate grammar lacks the {what} `{word}`")
        for word in sorted(words - words_of(vim, *in_vim)):
            wrong.append(f"Vim's syntax file lacks the {what} `{word}`")
    return keywords, scalars, functions


def check_scopes(grammar, keywords, scalars, functions):
    """Lines by hand, and a line for each word."""
    soft = {
        "param": "param lr: f32 = 0.1;", "run": "run { rounds = 3 }", "policy": "policy aggregate_only;", "budget": "budget { up: 50 kB }",
        "native": "native fn f(x: f32) -> f32;", "derivative": "derivative of f(x) = x;", "of": "derivative of f(x) = x;", "test": 'test "a" { }',
    }
    for word in sorted(keywords):
        scope = grammar.scope_of(soft.get(word, f"{word} x"), word)
        expect(scope.startswith(("keyword.", "storage.type.", "constant.language.")), f"the keyword `{word}` is {scope}")
        if word in soft:
            for line in (f"x + {word} + y", f"x.{word}", f"for {word} in {word} {{ }}", f"f({word}, {word} = 3)", f"let {word} = {word} as f32[3];"):
                scope = grammar.scope_of(line, word)
                expect(not scope.startswith(("keyword.", "storage.")), f"`{word}` is a name in `{line}`, and it is {scope}")
    for word in sorted(scalars):
        expect(grammar.scope_of(f"fn f(x: {word}[3]) {{ }}", word) == "support.type.scalar.fed", f"the type `{word}` is not one")
    for word in sorted(functions):
        kind = "federated" if word.startswith("federated_") else "builtin"
        for line in (f"let y = {word}(x);", f"x.{word}(y)", f"f(x = {word}(x))"):
            scope = grammar.scope_of(line, word)
            expect(scope == f"support.function.{kind}.fed", f"`{word}` is {scope} in `{line}`")
    operators = {name: text for name, text in token_texts().items() if not text[0].isalpha() and text not in ("_", "\\")}
    expect(len(operators) > 30, "this test finds too few operators in grammar/Fed.g4")
    for text in operators.values():
        scope = grammar.scope_of(f"x {text} y", text)
        expect(scope.startswith(("keyword.operator.", "punctuation.")), f"the operator `{text}` is {scope}")

    rows = [
        ("{Example*}@clients", "clients", "storage.modifier.placement.fed"),
        ("{Example*}@clients", "*", "keyword.operator.sequence.fed"),
        ("{ (A, B) } @ clients", "clients", "storage.modifier.placement.fed"),
        ("fn f() -> (A@server, B)", "server", "storage.modifier.placement.fed"),
        ("x @ m.w + b", "@", "keyword.operator.matrix-product.fed"),
        ("m.w", "w", "variable.other.member.fed"),
        ("a * b", "*", "keyword.operator.arithmetic.fed"),
        ("fn f(x: E*) -> F* {", "*", "keyword.operator.sequence.fed"),
        ("f(|a, x| a + x)", "|", "punctuation.definition.lambda.fed"),
        ("f(|a, x| a + x)", "a", "variable.parameter.fed"),
        ("  |m, g| m - g", "|", "punctuation.definition.lambda.fed"),
        ("Rule { init: || (), step: 3 }", "||", "punctuation.definition.lambda.fed"),
        ("Rule { init: || (), step: 3 }", "step", "variable.other.member.fed"),
        ("f(a | b | c)", "|", "keyword.operator.bitwise.fed"),
        ("f(a || b)", "||", "keyword.operator.logical.fed"),
        ("f(x, weight = n)", "weight", "variable.parameter.named.fed"),
        ("f(weight == n)", "weight", "source.fed"),
        ("f({ n = 3; n })", "n", "source.fed"),
        ("fn f(weight: f32 = 1.0) {", "weight", "variable.parameter.fed"),
        ("p.0.1", "0", "variable.other.member.index.fed"),
        ("p.0.1", "1", "variable.other.member.index.fed"),
        ("for i in 0..50 { }", "50", "constant.numeric.integer.fed"),
        ("for i in 0..50 { }", "..", "keyword.operator.range.fed"),
        ("fn f<T: vector + num>(x: T)", "vector + num", "storage.modifier.bound.fed"),
        ("let (batch, size) = x;", "batch", "source.fed"),
        ("fn size(x: f32) { }", "size", "entity.name.function.definition.fed"),
        ("data.half(x)", "half", "entity.name.function.fed"),
        ("use learn.{Aggregator};", "learn", "entity.name.namespace.fed"),
        ("/// what it does", "/// what it does", "comment.line.documentation.fed"),
        ("//// a line", "//// a line", "comment.line.double-slash.fed"),
        ("a /* b */ + c", "c", "source.fed"),
        (r'"a\n"', r"\n", "constant.character.escape.fed"),
        (r'"a\u{1F600}"', r"\u{1F600}", "constant.character.escape.fed"),
        *((f'"a{escape}b"', escape, "constant.character.escape.fed") for escape in (r"\r", r"\t", r"\0", r"\\", r"\"", r"\x41")),
        (r'"a\d"', r"\d", "invalid.illegal.escape.fed"),
        ('"open', "open", "string.quoted.double.fed"),
        ("run { rounds = 100 }", "rounds", "variable.other.setting.fed"),
        ("budget { up: 50 kB }", "kB", "keyword.other.unit.fed"),
    ]
    for line, text, scope in rows:
        found = grammar.scope_of(line, text)
        expect(found == scope, f"`{text}` in `{line}` is {found}, not {scope}")
    expect(grammar.tokens('f("open\nlet x = 1;')[0][-1][0] == ";" and grammar.tokens("fn f(\nstruct A {}\n")[1] == 0, "what is not closed reaches too far")

    rules = number_rules()
    kinds = {"INT": "constant.numeric.integer.fed", "FLOAT": "constant.numeric.float.fed", "BAD_NUMBER": "invalid.illegal.number.fed"}
    for text in ("0 42 1_000 007 0xff 0xFF_ff 0b101 0b1_0 0o17 0o1_7 0.5 1_0.5_0 1e5 1e-8 1E+8 2.5e3 2.5e-3 1_e5 1e5.5 1.5e3.2 1.5e-3.2 1e-5.5 0..2 0x1.5 "
                 "1.0f32 0xzz 12abc 1e 1.5e 3u8 2f 0b12 0o8 1e+ 1.max 0x 1_f32 1e5x 1e-5x 1.5e5x 1.5e-5x 1.0.5").split():
        name, length = lexed_number(text, rules)
        token, scopes = grammar.tokens(text)[0][0]
        expect((token, scopes[-1]) == (text[:length], kinds[name]), f"the number `{text}`: {name} `{text[:length]}` for the lexer, {scopes[-1]} `{token}` here")


def check_programs(grammar):
    programs = sorted([*(root / "examples").rglob("*.fed"), *(root / "stdlib").rglob("*.fed")])
    for path in programs:
        tokens, open_rules = grammar.tokens(path.read_text())
        name = path.relative_to(root).as_posix()
        expect(open_rules == 0, f"{name}: something is open at the end")
        for text, scopes in tokens:
            expect(not scopes[-1].startswith("invalid.") and "unmatched" not in scopes[-1], f"{name}: `{text}` is {scopes[-1]}")
    tokens = grammar.tokens((root / "examples" / "digits_softmax.fed").read_text())[0]
    rows = [
        ("fn", "storage.type.function.fed"), ("for", "keyword.control.fed"), ("use", "keyword.control.import.fed"), ("param", "storage.type.param.fed"),
        ("run", "keyword.other.run.fed"), ("struct", "storage.type.struct.fed"), ("f32", "support.type.scalar.fed"),
        ("key", "support.type.scalar.fed"), ("Model", "entity.name.type.fed"), ("clients", "storage.modifier.placement.fed"), ("784", "constant.numeric.integer.fed"),
        ("0.1", "constant.numeric.float.fed"), ("// 1.0 is background", "comment.line.double-slash.fed"), ("reshape", "support.function.builtin.fed"),
        ("federated_mean", "support.function.federated.fed"), ("data/digits_train.h5", "string.quoted.double.fed"), ("train", "entity.name.function.definition.fed"),
        ("weight", "variable.parameter.named.fed"), ("-=", "keyword.operator.assignment.compound.fed"), ("@", "keyword.operator.matrix-product.fed"),
    ]
    for text, scope in rows:
        found = {scopes[-1] for token, scopes in tokens if token == text}
        expect(scope in found, f"`{text}` of digits_softmax.fed is {', '.join(found) or 'not there'}, not {scope}")
    return len(programs)


def check_extension(package):
    """Files that package.json names; the problem matcher on reports of fedc."""
    contributes = package["contributes"]
    for path in [g["path"] for g in contributes["grammars"]] + [language["configuration"] for language in contributes["languages"]]:
        expect((vscode / path).is_file(), f"package.json: there is no {path}")
    head, place = (re.compile(p["regexp"]) for p in contributes["problemMatchers"][0]["pattern"])
    reports = 0
    for path in sorted((root / "tests" / "check" / "errors").glob("*.expected")):
        lines = path.read_text().splitlines()
        for i, line in enumerate(lines):
            if not re.match(r"(error|warning)\b", line):
                continue
            reports += 1
            found = head.match(line) and i + 1 < len(lines) and place.match(lines[i + 1])
            expect(found and found.group(1).endswith(".fed"), f"the problem matcher does not read {path.name}:{i + 1}")
    expect(reports > 0, "no reports of fedc in tests/check/errors/")


def main():
    documents = {}
    for path in sorted(vscode.rglob("*.json")):
        try:
            documents[path.relative_to(vscode).as_posix()] = json.loads(path.read_text())
        except json.JSONDecodeError as error:
            sys.exit(f"{path.relative_to(root)}: {error}")
    generated = subprocess.run([sys.executable, str(root / "editors" / "generate.py"), "--check"], capture_output=True, text=True)
    expect(generated.returncode == 0, generated.stderr.strip())

    grammar = Grammar(documents["syntaxes/fed.tmLanguage.json"])
    for rule in grammar.all_rules():
        for key in ("match", "begin", "end"):
            try:
                if isinstance(rule.get(key), str):
                    grammar.regex(rule[key])
            except re.error as error:
                sys.exit(f"fed.tmLanguage.json: {rule[key]}: {error}")
    for name in re.findall(r'"include": "#([^"]+)"', json.dumps(documents["syntaxes/fed.tmLanguage.json"])):
        if name not in grammar.repository:
            sys.exit(f"fed.tmLanguage.json: there is no #{name}")

    keywords, scalars, functions = check_words(grammar)
    check_scopes(grammar, keywords, scalars, functions)
    programs = check_programs(grammar)
    check_extension(documents["package.json"])
    if wrong:
        sys.exit("\n".join(dict.fromkeys(wrong)))
    print(f"{len(keywords)} keywords, {len(scalars)} scalar types, {len(functions)} functions, {programs} programs")


if __name__ == "__main__":
    main()
