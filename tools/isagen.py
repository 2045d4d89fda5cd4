#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes the decoder, the disassembler's tables and the test list from .decode files.

    isagen.py isa/a64.decode [--header H] [--decode C] [--disasm H] [--list TSV]
    isagen.py --a32 isa/{a32,t32,vfp,neon}.decode [...]

The format of the files is explained at the top of the first of them; --a32 reads
the one of a32.decode and makes what tools/isagen32.py adds.  What is wrong in it is
reported as file:line and ends the build: unknown fields or functions in an
expression, rows that are not 32 bits, rows that overlap with none of the two
being the special case of the other, a row without a template.
"""
import argparse
import itertools
import re
import sys

sys.dont_write_bytecode = True
import isagen32  # noqa: E402


WIDTH = 32
IDENT = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
CONSTANT = re.compile(r"A32_[A-Z]\w*")


class Error(Exception):
    pass


class Field:
    """A named piece of an instruction word."""

    def __init__(self, name, lsb, width):
        self.name, self.lsb, self.width = name, lsb, width

    def member(self, isa):
        return isa.rename.get(self.name, self.name)


class Asm:
    """One template and the condition under which it is the one to print."""

    def __init__(self, text, cond):
        self.text, self.cond = text, cond


class Let:
    """What a member of the structure is, if not a field of its name."""

    def __init__(self, width, expr):
        self.width, self.expr = width, expr


class Row:
    def __init__(self, name, cls, feature, where):
        self.name, self.cls, self.feature, self.where_src = name, cls, feature, where
        self.mask = self.value = 0
        self.fields = {}
        self.checks = []
        self.asm = []
        self.lets = {}
        self.raw = set()
        # Rows of different spaces are never candidates for the same word.
        self.space = None

    def parse_bits(self, tokens, short=False):
        pos = WIDTH
        if short:
            pos = WIDTH // 2
            self.mask = ((1 << pos) - 1) << pos
        for tok in tokens:
            m = re.fullmatch(r"(?:(\w+)=)?([01x]+)|(\w+):(\d+)", tok)
            if not m:
                raise Error(f"{self.where_src}: cannot read '{tok}'")
            bits = m[2] if m[2] else "x" * int(m[4])
            pos -= len(bits)
            if pos < 0:
                raise Error(f"{self.where_src}: more than {WIDTH} bits")
            name = m[1] or m[3]
            if name:
                if name in self.fields:
                    raise Error(f"{self.where_src}: field {name} twice")
                self.fields[name] = Field(name, pos, len(bits))
            elif "x" in bits:
                raise Error(f"{self.where_src}: x outside a field")
            for i, b in enumerate(reversed(bits)):
                if b != "x":
                    self.mask |= 1 << (pos + i)
                    self.value |= int(b) << (pos + i)
        if pos != 0:
            raise Error(f"{self.where_src}: {WIDTH - pos} bits")

    def covers(self, other):
        """Every fixed bit of self is one of other, so other is a special case."""
        return self.mask & other.mask == self.mask

    def overlaps(self, other):
        return (self.mask & other.mask & (self.value ^ other.value)) == 0

    def mnemonic(self):
        return self.name.split("_")[0].lower()


class Isa:
    def __init__(self, path):
        self.path = path
        self.features, self.later, self.functions, self.rename = [], [], [], {}
        self.a32, self.thumb, self.raw, self.defaults = False, False, set(), {}
        self.classes, self.rows = [], []

    def expr_names(self, expr):
        return set(IDENT.findall(expr))

    def check_expr(self, row, expr):
        for name in self.expr_names(expr):
            known = (name in row.fields or name in self.functions or
                     (name.startswith("has_") and name[4:] in self.features) or
                     (self.a32 and CONSTANT.fullmatch(name)))
            if not known:
                raise Error(f"{row.where_src}: '{name}' in '{expr}' is no field of {row.name}")

    def field_widths(self):
        widths = {}
        for row in self.rows:
            for f in row.fields.values():
                widths[f.name] = max(widths.get(f.name, 0), f.width)
        return widths


class Section:
    """What stands between a [class] line and its first row holds for all its rows."""

    def __init__(self, name):
        self.name, self.checks, self.asm, self.row = name, [], [], None
        self.lets = {}


def read_directive(isa, words, src):
    kind, rest = words[0], words[1:]
    if kind == "@features":
        isa.features += [f for f in rest if f not in isa.features]
    elif kind == "@later":
        isa.features += rest
        isa.later += rest
    elif kind == "@functions":
        isa.functions += rest
    elif kind == "@rename":
        isa.rename[rest[0]] = rest[1]
    elif isa.a32 and kind == "@raw":
        isa.raw |= set(rest)
    elif isa.a32 and kind == "@default" and rest[1:2] == ["="]:
        isa.defaults[rest[0]] = Let(8, " ".join(rest[2:]))
    elif isa.a32 and kind == "@space" and rest == ["thumb"]:
        isa.thumb = True
    else:
        raise Error(f"{src}: unknown directive {kind}")


def read_detail(line, section, src):
    if section is None:
        raise Error(f"{src}: '{line}' outside a [class]")
    target = section.row or section
    if line.startswith("where "):
        target.checks.append(line[6:].strip())
        return
    m = re.fullmatch(r"let (\w+)(?::(8|16|32|64))? = (.+)", line)
    if m:
        target.lets[m[1]] = Let(int(m[2] or 8), m[3])
        return
    m = re.fullmatch(r'asm "([^"]*)"(?:\s+if\s+(.+))?', line)
    if not m:
        raise Error(f"{src}: cannot read '{line}'")
    target.asm.append(Asm(m[1], m[2]))


def total_bits(tokens):
    return sum(int(t.split(":")[1]) if re.fullmatch(r"\w+:\d+", t) else len(t.split("=")[-1])
               for t in tokens)


def space(row, thumb):
    """A32's conditional and unconditional instructions are apart, and T16's from T32's."""
    if thumb:
        return "t16" if row.mask >> 16 == 0xffff and row.value >> 16 == 0 else "t32"
    return "a32u" if row.value >> 28 == 15 else "a32"


def read_row(isa, section, words, src):
    if section is None:
        raise Error(f"{src}: row outside a [class]")
    feature = None if words[1] == "-" else words[1]
    if feature and feature not in isa.features:
        raise Error(f"{src}: unknown feature {feature}")
    row = Row(words[0], section.name, feature, src)
    row.parse_bits(words[2:], isa.thumb and total_bits(words[2:]) == WIDTH // 2)
    row.section, row.raw = section, isa.raw
    if isa.a32:
        row.space = space(row, isa.thumb)
    section.row = row
    isa.rows.append(row)


def substitute(row, expr, depth=0):
    """Members that a row computes may stand in other expressions as if they were fields."""
    if depth > 4:
        raise Error(f"{row.where_src}: '{expr}' refers to itself")

    def name(m):
        n = m.group(0)
        if n in row.fields or n not in row.lets:
            return n
        return "(" + substitute(row, row.lets[n].expr, depth + 1) + ")"
    return IDENT.sub(name, expr)


def finish_row(isa, row):
    row.checks = row.section.checks + row.checks
    row.lets = {**isa.defaults, **row.section.lets, **row.lets}
    for name in isa.defaults:
        if name in row.fields and name not in row.section.lets:
            row.lets.pop(name)
    # A row's own unconditional template ends the list, so the class's follow it.
    row.asm = row.asm + row.section.asm
    row.checks = [substitute(row, e) for e in row.checks]
    row.lets = {n: Let(let.width, substitute(row, let.expr)) for n, let in row.lets.items()}
    for expr in row.checks + [let.expr for let in row.lets.values()]:
        isa.check_expr(row, expr)
    for a in row.asm:
        if a.cond and not isa.a32:
            isa.check_expr(row, a.cond)


def to_python(expr):
    expr = expr.replace("&&", " and ").replace("||", " or ")
    return re.sub(r"!(?!=)", " not ", expr)


def holds(isa, row, word):
    env = {"has_" + f: 1 for f in isa.features}
    for f in row.fields.values():
        env[f.name] = word >> f.lsb & ((1 << f.width) - 1)
    return all(eval(to_python(e), {}, env) for e in row.checks)


def exclusive(isa, a, b):
    """Can no word fulfil the checks of both rows?  Tries all values of the bits they look at."""
    free = 0
    for row in (a, b):
        for name in set().union(*map(isa.expr_names, row.checks)):
            if name in isa.functions:
                return False
            if name in row.fields:
                f = row.fields[name]
                free |= ((1 << f.width) - 1) << f.lsb
    free &= ~(a.mask | b.mask)
    if bin(free).count("1") > 16:
        return False
    word = free
    while True:
        full = word | a.value | b.value
        if holds(isa, a, full) and holds(isa, b, full):
            return False
        if not word:
            return True
        word = (word - 1) & free


def check_overlaps(isa):
    for a, b in itertools.combinations(isa.rows, 2):
        if a.space != b.space or not a.overlaps(b):
            continue
        if a.mask != b.mask and (a.covers(b) or b.covers(a)):
            continue
        if not exclusive(isa, a, b):
            raise Error(f"{b.where_src}: {b.name} overlaps {a.name} and neither is special")


def read_file(isa, path):
    section = None
    isa.raw, isa.thumb = set(), False
    with open(path, encoding="ascii") as f:
        for number, line in enumerate(f, 1):
            src = f"{path}:{number}"
            text = line.rstrip()
            if not text or text.lstrip()[0] == "#":
                continue
            if text[0] == "[":
                section = Section(text.strip("[]"))
                if not isa.a32 or section.name not in isa.classes:
                    isa.classes.append(section.name)
            elif text[0] == "@":
                read_directive(isa, text.split(), src)
            elif text[0] in " \t":
                read_detail(text.strip(), section, src)
            else:
                read_row(isa, section, text.split(), src)


def read(paths, a32=False):
    isa = Isa(paths[0])
    isa.a32 = a32
    for path in paths:
        read_file(isa, path)
    for row in isa.rows:
        finish_row(isa, row)
    for what, names in (("row", [r.name for r in isa.rows]), ("class", isa.classes)):
        if len(set(names)) != len(names):
            raise Error(f"{paths[0]}: a {what} name is used twice")
    check_overlaps(isa)
    return isa

# The decision tree: which rows can match, from a few bits of the word at a time.
# An entry is either a leaf (the start of a list of candidate rows) or a node:
# take `width` bits at `shift` of the word and add them to `base` to find the
# next entry.  Equal subtrees are stored once.
ROOT_WIDTH = 9
NODE_WIDTH = 6
LEAF_ROWS = 2


class Tree:
    """One tree for each space; the root of space n is entries[n]."""

    def __init__(self, rows, spaces=(None,)):
        self.rows = rows
        # Special cases before the general ones they are cut out of.
        order = sorted(range(len(rows)), key=lambda i: (-bin(rows[i].mask).count("1"), i))
        self.entries = [None] * len(spaces)
        self.lists = []
        self.list_at = {}
        self.memo = {}
        self.depth = 0
        for n, name in enumerate(spaces):
            self.entries[n] = self.build(tuple(i for i in order if rows[i].space == name), 0)

    def split(self, ids, shift, width):
        area = ((1 << width) - 1) << shift
        parts = [[] for _ in range(1 << width)]
        for i in ids:
            m, v = self.rows[i].mask & area, self.rows[i].value & area
            m >>= shift
            v >>= shift
            free = ~m & ((1 << width) - 1)
            sub = free
            while True:
                parts[v | sub].append(i)
                if sub == 0:
                    break
                sub = (sub - 1) & free
        return parts

    def choose(self, ids, max_width):
        """The cut with the least work left: the sum of the squares of what remains."""
        best = None
        for width in range(1, max_width + 1):
            for shift in range(0, 33 - width):
                area = ((1 << width) - 1) << shift
                if not any(self.rows[i].mask & area for i in ids):
                    continue
                parts = self.split(ids, shift, width)
                if max(map(len, parts)) == len(ids):
                    continue
                work = sum(len(p) ** 2 for p in parts) / len(parts)
                cost = work * (1 + width / 16)
                if best is None or cost < best[0]:
                    best = (cost, shift, width, parts)
        return best

    def leaf(self, ids):
        if ids not in self.list_at:
            self.list_at[ids] = len(self.lists)
            self.lists += [i + 1 for i in ids] + [0]
        return ("leaf", self.list_at[ids])

    def build(self, ids, depth):
        self.depth = max(self.depth, depth)
        if ids in self.memo:
            return self.memo[ids]
        cut = None
        if len(ids) > LEAF_ROWS:
            cut = self.choose(ids, NODE_WIDTH if depth else ROOT_WIDTH)
        if cut is None:
            entry = self.leaf(ids)
        else:
            _, shift, width, parts = cut
            base = len(self.entries)
            self.entries += [None] * (1 << width)
            for k, part in enumerate(parts):
                self.entries[base + k] = self.build(tuple(part), depth + 1)
            entry = ("node", shift, width, base)
        self.memo[ids] = entry
        return entry

    def stats(self):
        leaves = [i for i in self.list_at if i]
        longest = max(map(len, leaves))
        return (f"{len(self.rows)} rows, {len(self.entries)} entries, depth {self.depth}, "
                f"{len(self.lists)} candidates, longest list {longest}")


SPDX = "/* SPDX-License-Identifier: GPL-2.0-only */\n"


def banner(isa):
    return SPDX + f"/* Made by tools/isagen.py from {isa.path.split('/')[-1]}; do not edit. */\n"


def c_type(width):
    return "u8" if width <= 8 else "u16" if width <= 16 else "u32"


def feature_lines(isa):
    """Macros, as some of these are more than an int; bits from 63 down are not in features.h."""
    out = []
    for f in isa.features:
        bit = f"ARM_FEAT_{f.upper()}" if f not in isa.later else str(63 - isa.later.index(f))
        out.append(f"#define A64_FEAT_{f.upper()} ARM_FEAT_BIT({bit})")
    out.append(f"_Static_assert(ARM_FEATS <= {64 - len(isa.later)}, \"features overlap\");\n")
    out.append("#define A64_FEATURES(X) \\")
    return out + [" \\\n".join(f"\tX({f}, A64_FEAT_{f.upper()})" for f in isa.features) + "\n"]


def header(isa):
    out = [banner(isa), "#ifndef ISA_A64_GEN_H\n#define ISA_A64_GEN_H\n"]
    out.append('#include "arm/base.h"\n#include "arm/features.h"\n')
    out += feature_lines(isa)
    out.append("enum a64_op {\n\tA64_UNDEFINED,")
    out += [f"\tA64_{r.name}," for r in isa.rows]
    out.append("\tA64_OP_COUNT,\n};\n\nenum a64_class {\n\tA64_CLASS_NONE,")
    out += [f"\tA64_CLASS_{c}," for c in isa.classes]
    out.append("\tA64_CLASS_COUNT,\n};\n\n#define A64_CLASSES(X) \\")
    out.append(" \\\n".join(f"\tX({c})" for c in isa.classes) + "\n")
    out.append("struct a64_insn {\n\tu32 word;\n\tu16 op;\n\tu16 cls;")
    widths = isa.field_widths()
    members = sorted(isa.rename.get(f, f) for f in widths)
    out[-1:-1] = ["#define A64_FIELDS(X) \\",
                  " \\\n".join(f"\tX({f})" for f in members) + "\n"]
    for f in sorted(widths, key=lambda f: (-len(c_type(widths[f])), c_type(widths[f]) != "u32", f)):
        out.append(f"\t{c_type(widths[f])} {isa.rename.get(f, f)};")
    out.append("};\n\n#endif\n")
    return "\n".join(out)


def c_expr(isa, row, expr, member):
    """@expr in C; member() says how a field is written."""
    def name(m):
        n = m.group(0)
        if n in row.fields:
            return member(row.fields[n])
        if n.startswith("has_"):
            return f"!!(features & A64_FEAT_{n[4:].upper()})"
        return "a64_" + n
    return IDENT.sub(name, expr)


def check_lines(isa, row):
    exprs = [c_expr(isa, row, e, lambda f: f"(w >> {f.lsb} & {hex((1 << f.width) - 1)})")
             for e in row.checks]
    if not exprs:
        return []
    return ["\t\tif (!(" + " &&\n\t\t      ".join(f"({e})" for e in exprs) + "))",
            "\t\t\treturn false;"]


def shapes(isa):
    """Rows with the same fields and the same checks share their code."""
    found, of_row = {}, []
    for row in isa.rows:
        body = check_lines(isa, row)
        for f in sorted(row.fields.values(), key=lambda f: -f.lsb):
            body.append(f"\t\to->{f.member(isa)} = w >> {f.lsb} & {hex((1 << f.width) - 1)};")
        body.append("\t\treturn true;")
        key = "\n".join(body)
        of_row.append(found.setdefault(key, len(found)))
    return list(found), of_row


def c_array(decl, items, per_line):
    lines = [f"{decl} = {{"]
    for k in range(0, len(items), per_line):
        lines.append("\t" + ", ".join(items[k:k + per_line]) + ",")
    return "\n".join(lines + ["};\n"])


DECODE_TAIL = r"""
unsigned int a64_decode(u32 word, u64 features, struct a64_insn *out)
{
	u32 e = entries[0];
	const u16 *cand;

	while (!(e & LEAF))
		e = entries[(e & 0xffff) + (word >> (e >> 16 & 31) & e >> 21)];
	out->word = word;
	for (cand = &candidates[e & 0xffff]; *cand; cand++) {
		const struct row *r = &rows[*cand - 1];

		if ((word & r->mask) != r->value || (r->needs & ~features))
			continue;
		if (!fill(r->shape, word, features, out))
			continue;
		out->op = *cand;
		out->cls = r->cls;
		return *cand;
	}
	out->op = A64_UNDEFINED;
	out->cls = A64_CLASS_NONE;
	return A64_UNDEFINED;
}

const char *a64_op_name(unsigned int op)
{
	return op < A64_OP_COUNT ? names[op] : names[0];
}
"""


def entry_word(entry):
    """Node: bits 30..21 mask, 20..16 shift, 15..0 base.  Leaf: bit 31, 15..0 start of list."""
    if entry[0] == "leaf":
        if entry[1] > 0xffff:
            raise Error("too many candidates for the decision tree's encoding")
        return hex(1 << 31 | entry[1])
    _, shift, width, base = entry
    if width > 10 or base > 0xffff:
        raise Error("the decision tree is too large for its encoding")
    return hex(((1 << width) - 1) << 21 | shift << 16 | base)


def decoder(isa):
    t = Tree(isa.rows)
    codes, of_row = shapes(isa)
    out = [banner(isa), '#include "isa/a64.h"\n#include "isa/a64_checks.h"\n',
           "#define LEAF (1u << 31)\n",
           "struct row {\n\tu32 mask, value;\n\tu64 needs;\n\tu16 cls, shape;\n};\n"]
    out.append("static const struct row rows[] = {")
    for row, shape in zip(isa.rows, of_row):
        needs = f"A64_FEAT_{row.feature.upper()}" if row.feature else "0"
        out.append(f"\t{{ {row.mask:#010x}, {row.value:#010x}, {needs}, "
                   f"A64_CLASS_{row.cls}, {shape} }},")
    out.append("};\n")
    out.append(c_array("static const u32 entries[]", [entry_word(e) for e in t.entries], 8))
    out.append(c_array("static const u16 candidates[]", [str(c) for c in t.lists], 16))
    out.append(c_array("static const char *const names[]",
                       ['"UNDEFINED"'] + [f'"{r.name}"' for r in isa.rows], 4))
    out.append("static bool fill(unsigned int shape, u32 w, u64 features, struct a64_insn *o)\n{")
    out.append("\t(void)features;\n\tswitch (shape) {")
    for n, code in enumerate(codes):
        out.append(f"\tcase {n}:\n{code}")
    out.append("\t}\n\treturn false;\n}\n" + DECODE_TAIL)
    return "\n".join(out)


def row_list(isa):
    lines = ["name\tclass\tfeature\tmask\tvalue"]
    for r in isa.rows:
        lines.append(f"{r.name}\t{r.cls}\t{r.feature or '-'}\t{r.mask:#010x}\t{r.value:#010x}")
    return "\n".join(lines) + "\n"



ITEM = re.compile(r"\{(\w+)(?: (\w+))?\}")


class Templates:
    """Templates as C strings: text, and for each {item} three bytes.

    The bytes are 0x80 + the formatter's number, then lsb + 1 and width + 1 of
    the field it gets, so that no byte of the string is 0.
    """

    def __init__(self):
        self.formatters = []

    def words(self, row):
        """What stands for itself, from the row's name alone."""
        m = row.mnemonic()
        suffix = "" if row.name[-1] not in "BH" else m[-1]
        stem = m[:len(m) - len(suffix)]
        return {"m": m, "stem": stem, "suffix": suffix, "ststem": "st" + stem[2:]}

    def item(self, row, m):
        name, field = m[1], m[2]
        fixed = self.words(row)
        if name in fixed and not field:
            return fixed[name]
        if field and field not in row.fields:
            raise Error(f"{row.where_src}: no field {field} for the template")
        if name not in self.formatters:
            self.formatters.append(name)
        f = row.fields[field] if field else Field(None, 0, 0)
        code = [0x80 + self.formatters.index(name), f.lsb + 1, f.width + 1]
        return "".join(f"\\{c:03o}" for c in code)

    def compile(self, row, text):
        # The first space that is not inside an item ends the mnemonic.
        text = re.sub(r"^((?:\{[^}]*\}|[^ {])*) ", r"\1\\t", text)
        return ITEM.sub(lambda m: self.item(row, m), text)


def template_case(isa, templates, row):
    def in_struct(f):
        return "o->" + f.member(isa)

    lines = [f"\tcase A64_{row.name}:"]
    for a in row.asm:
        text = templates.compile(row, a.text)
        if a.cond:
            lines.append(f"\t\tif ({c_expr(isa, row, a.cond, in_struct)})")
            lines.append(f"\t\t\treturn \"{text}\";")
        else:
            lines.append(f"\t\treturn \"{text}\";")
            return lines
    raise Error(f"{row.where_src}: {row.name} has no asm without a condition")


def disasm(isa):
    templates, cases = Templates(), []
    for row in isa.rows:
        cases += template_case(isa, templates, row)
    if len(templates.formatters) > 128:
        raise Error(f"{isa.path}: more than 128 kinds of items in templates")
    out = [banner(isa)]
    for f in templates.formatters:
        out.append(f"static void fmt_{f}(struct text *t, const struct a64_insn *o, "
                   "unsigned int v, unsigned int width);")
    out.append("")
    out.append(c_array("static const fmt_fn formatters[]",
                       ["fmt_" + f for f in templates.formatters], 6))
    out.append("static const char *template_of(const struct a64_insn *o)\n{\n\tswitch (o->op) {")
    out += cases + ["\t}\n\treturn NULL;\n}\n"]
    return "\n".join(out)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("source", nargs="+")
    ap.add_argument("--a32", action="store_true", help="the sources are those of AArch32")
    ap.add_argument("--header", help="enums, struct, class list")
    ap.add_argument("--decode", help="the decoder")
    ap.add_argument("--disasm", help="the disassembler's templates")
    ap.add_argument("--list", help="rows as tab separated text, for tests")
    ap.add_argument("--stats", action="store_true", help="size of the decision tree")
    args = ap.parse_args()
    try:
        isa = read(args.source, args.a32)
        makers = (header, decoder, disasm, row_list)
        if args.a32:
            makers = isagen32.makers(sys.modules[__name__])
        outputs = zip((args.header, args.decode, args.disasm, args.list), makers)
        for path, make in outputs:
            if path:
                text = make(isa)
                with open(path, "w", encoding="ascii") as f:
                    f.write(text)
        if args.stats:
            print(Tree(isa.rows, sorted({r.space or "" for r in isa.rows}) if args.a32
                       else (None,)).stats())
    except Error as e:
        sys.exit(f"isagen: {e}")


if __name__ == "__main__":
    main()
