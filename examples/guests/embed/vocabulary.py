"""Makes the vocabulary of the guest `embed`: pieces of words, learnt from text about programs.

    python3 vocabulary.py      (writes vocabulary.txt beside this file; needs nothing but Python)

Text is what this repository says in `*.md` files and in comments of Rust files, ten times, and what Python's own
library says of itself, in lower case. Words begin as characters, of which all but the
first have `##` before them; the pair that stands together most often becomes a piece, again and again. The number of a
piece is its line, from 0.
"""

import ast
import collections
import heapq
import pathlib
import re
import string
import sysconfig
import warnings

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SIZE = 8192
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def own_text():
    """The text of this repository."""
    for path in sorted(ROOT.rglob("*.md")) + sorted(ROOT.rglob("*.rs")):
        if "target" not in path.relative_to(ROOT).parts:
            text = path.read_text()
            yield text if path.suffix == ".md" else "\n".join(re.findall(r"//[/!]? (.*)", text))


def library_text():
    """What the modules, classes and functions of Python's library say of themselves."""
    library = pathlib.Path(sysconfig.get_path("stdlib"))
    warnings.simplefilter("ignore", SyntaxWarning)
    for path in sorted(library.glob("*.py")) + sorted(library.glob("[a-z]*/*.py")):
        if not {"site-packages", "test", "idlelib", "lib2to3"} & set(path.relative_to(library).parts):
            for node in ast.walk(ast.parse(path.read_bytes())):
                yield (ast.get_docstring(node) or "") if isinstance(node, DOCUMENTED) else ""


def words():
    """How often each word stands in the text."""
    counts = collections.Counter()
    for times, texts in ((10, own_text()), (1, library_text())):
        for text in texts:
            for word in re.findall(r"[a-z]+|[0-9]+", text.lower()):
                counts[word] += times
    return counts


def pieces(counts, size):
    """At most `size` pieces, the most useful first."""
    split = {word: [word[0], *("##" + letter for letter in word[1:])] for word in counts}
    pairs, places = collections.Counter(), collections.defaultdict(set)

    def count(word, sign):
        for pair in zip(split[word], split[word][1:]):
            pairs[pair] += sign * counts[word]
            places[pair].add(word)
            yield pair

    for word in split:
        collections.deque(count(word, 1), maxlen=0)
    waiting = [(-times, pair) for pair, times in pairs.items()]
    heapq.heapify(waiting)
    found = {}
    while len(found) < size and waiting:
        times, pair = heapq.heappop(waiting)
        if pairs[pair] != -times or not times:
            continue
        merged = pair[0] + pair[1].removeprefix("##")
        found[merged] = None
        changed = set()
        for word in sorted(places.pop(pair)):
            changed.update(count(word, -1))
            whole = []
            for part in split[word]:
                if whole and (whole[-1], part) == pair:
                    whole[-1] = merged
                else:
                    whole.append(part)
            split[word] = whole
            changed.update(count(word, 1))
        for other in sorted(changed):
            heapq.heappush(waiting, (-pairs[other], other))
    return list(found)


def main():
    letters = list(string.ascii_lowercase + string.digits)
    alphabet = list(string.punctuation) + letters + ["##" + letter for letter in letters]
    learnt = pieces(words(), SIZE - len(SPECIAL) - len(alphabet))
    lines = list(dict.fromkeys(SPECIAL + alphabet + learnt))
    (HERE / "vocabulary.txt").write_text("".join(line + "\n" for line in lines))
    print(f"{len(lines)} pieces")


if __name__ == "__main__":
    main()
