#!/usr/bin/env python3
"""`fedc doc --html DIR` makes pages that stand on their own:  reference_html_test.py --fedc build/bin/fedc

Tags are closed, ids occur once, every link and every address of the search leads to a page and an id that are there, nothing comes from
elsewhere, and every public name of stdlib/ and of `fedc doc` is found by the search. Where there is a JavaScript engine (node), the search itself
is run: a name is its own first answer.
"""
import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path

root = Path(__file__).resolve().parents[2]
void = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.faults = [], [], [], []
        self.feed(text)
        self.faults += [f"<{tag}> is not closed" for tag in self.open]

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        if "id" in named:
            self.ids.append(named["id"])
        self.links += [named[key] for key in ("href", "src") if key in named]
        if tag not in void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")


# A document of the four things that search.js touches.
engine = """
const made = tag => ({ tag, children: [], attributes: {}, listeners: {}, value: "", textContent: "",
  append(...c) { this.children.push(...c); }, replaceChildren(...c) { this.children = c; },
  setAttribute(k, v) { this.attributes[k] = v; }, addEventListener(e, f) { this.listeners[e] = f; },
  querySelector() { return this.children[0]; }, scrollIntoView() {}, focus() {} });
const parts = { search: made("input"), found: made("ul") };
globalThis.document = { getElementById: id => parts[id], createElement: made, addEventListener() {}, activeElement: null };
globalThis.location = { href: "" };
const { readFileSync } = require("fs");
const [file, names] = process.argv.slice(2);
new Function(readFileSync(file, "utf8"))();
const first = {};
for (const name of JSON.parse(names)) {
  parts.search.value = name;
  parts.search.listeners.input();
  parts.search.listeners.keydown({ key: "Enter", preventDefault() {} });
  first[name] = location.href;
}
parts.search.value = "no such thing at all";
parts.search.listeners.input();
console.log(JSON.stringify({ first, nothing: parts.found.textContent, none: parts.found.children.length }));
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fedc", required=True)
    fedc = str(Path(parser.parse_args().fedc).resolve())
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run([fedc, "doc", "--html", folder], capture_output=True, text=True)
        if made.returncode != 0:
            sys.exit(made.stderr)
        files = {path.name: path.read_text() for path in Path(folder).iterdir()}
        pages = {name: Page(text) for name, text in files.items() if name.endswith(".html")}
        script = files["search.js"]
        rows = [json.loads(line.rstrip(",")) for line in script.splitlines() if line.startswith("[")]
        targets = [(name, link) for name, page in pages.items() for link in page.links] + [("search.js", row[3]) for row in rows]
        for name, page in pages.items():
            wrong += [f"{name}: {fault}" for fault in page.faults]
            wrong += [f"{name}: the id {i} occurs twice" for i in {i for i in page.ids if page.ids.count(i) > 1}]
        for name, link in targets:
            file, _, anchor = link.partition("#")
            file = file or name
            if file not in files:
                wrong.append(f"{name}: there is no {link}")
            elif anchor and anchor not in pages[file].ids:
                wrong.append(f"{name}: {file} has no id {anchor}")
        for name, text in files.items():
            if re.search(r"https?:|@import|url\(|//[a-z]+\.", text):
                wrong.append(f"{name}: something comes from elsewhere")
        found = {row[0] for row in rows}
        public = {n for p in (root / "stdlib").rglob("*.fed") for n in re.findall(r"^(?:fn|struct) ([A-Za-z]\w*)", p.read_text(), re.MULTILINE)}
        known = subprocess.run([fedc, "doc"], capture_output=True, text=True).stdout.split("Modules of the library")[0]
        public |= {n for line in known.splitlines() if line.startswith("    ") for n in line.split()}
        if len(public) < 150 or len(pages) < 10:
            wrong.append("this test finds too little")
        wrong += [f"the search has no `{name}`" for name in sorted(public - found)]
        node = shutil.which("node")
        if node:
            names = sorted(found)
            test = Path(folder) / "engine.js"
            test.write_text(engine)
            run = subprocess.run([node, test, Path(folder) / "search.js", json.dumps(names)], capture_output=True, text=True)
            if run.returncode != 0:
                sys.exit(run.stderr)
            answer = json.loads(run.stdout)
            for name, address in answer["first"].items():
                if address.partition("#")[2].split("-")[0].lower() != name.lower():
                    wrong.append(f"the search for `{name}` leads to {address}")
            if answer["nothing"] != "nothing of this name" or answer["none"] != 0:
                wrong.append("the search for what is nowhere finds something")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(pages)} pages, {len(targets)} links, {len(rows)} names{'' if node else '; no node: the search was not run'}")


if __name__ == "__main__":
    main()
