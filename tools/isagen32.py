# SPDX-License-Identifier: GPL-2.0-only
"""What isagen.py makes of the AArch32 files: one decoder for A32, T32 and T16.

In contrast to A64 the members of the structure are not just the fields of the
word: a row may compute them (let), all rows of a class set all members of the
class, and templates take members.  g is the module isagen.
"""

# As enum a32_space of isa/a32_checks.h.
SPACES = ("a32", "a32u", "t32", "t16")


class Generator:
    def __init__(self, g, isa):
        self.g, self.isa = g, isa
        # {class: {member: bits}}, {member: bits}
        self.members, self.widths = {}, {}
        for row in isa.rows:
            of_class = self.members.setdefault(row.cls, {})
            for name, bits in self.row_members(row).items():
                of_class[name] = max(bits, of_class.get(name, 0))
                self.widths[name] = max(bits, self.widths.get(name, 0))

    def row_members(self, row):
        found = {n: f.width for n, f in row.fields.items() if n not in row.raw}
        for name, let in row.lets.items():
            found[name] = max(let.width, found.get(name, 0))
        return found

    def c_type(self, name):
        return "u64" if self.widths[name] > 32 else self.g.c_type(self.widths[name])

    def sorted_members(self):
        size = {"u64": 0, "u32": 1, "u16": 2, "u8": 3}
        return sorted(self.widths, key=lambda n: (size[self.c_type(n)], n))

    def expr(self, row, expr, member):
        """@expr in C; @member is a function for what is no has_, function or constant."""
        def name(m):
            n = m.group(0)
            if n.startswith("has_"):
                if n[4:] not in self.isa.features:
                    raise self.g.Error(f"{row.where_src}: unknown feature in '{expr}'")
                return f"!!(features & A32_FEAT_{n[4:].upper()})"
            if self.g.CONSTANT.fullmatch(n):
                return n
            if n in self.isa.functions:
                return "a32_" + n
            return member(n)
        return self.g.IDENT.sub(name, expr)

    def of_word(self, row, expr):
        def field(n):
            f = row.fields[n]
            return f"(w >> {f.lsb} & {hex((1 << f.width) - 1)})"
        return self.expr(row, expr, field)

    def of_struct(self, row, expr):
        def member(n):
            if n not in self.members[row.cls]:
                raise self.g.Error(f"{row.where_src}: '{n}' in '{expr}' is no member of {row.cls}")
            return "o->" + n
        return self.expr(row, expr, member)

    def shape(self, row):
        checks = [f"({self.of_word(row, e)})" for e in row.checks]
        lines = []
        if checks:
            lines = ["\t\tif (!(" + " &&\n\t\t      ".join(checks) + "))", "\t\t\treturn false;"]
        for name in sorted(self.members[row.cls]):
            if name in row.lets:
                value = self.of_word(row, row.lets[name].expr)
            elif name in row.fields and name not in row.raw:
                value = self.of_word(row, name)[1:-1]
            else:
                value = "0"
            lines.append(f"\t\to->{name} = {value};")
        return "\n".join(lines + ["\t\treturn true;"])


def header(g, isa):
    gen = Generator(g, isa)
    out = [g.banner(isa), "#ifndef ISA_A32_GEN_H\n#define ISA_A32_GEN_H\n"]
    out.append('#include "arm/base.h"\n#include "arm/features.h"\n')
    out += [line.replace("A64_", "A32_") for line in g.feature_lines(isa)]
    out.append("enum a32_op {\n\tA32_UNDEFINED,")
    out += [f"\tA32_{r.name}," for r in isa.rows]
    out.append("\tA32_OP_COUNT,\n};\n\nenum a32_class {\n\tA32_CLASS_NONE,")
    out += [f"\tA32_CLASS_{c}," for c in isa.classes]
    out.append("\tA32_CLASS_COUNT,\n};\n\n#define A32_CLASSES(X) \\")
    out.append(" \\\n".join(f"\tX({c})" for c in isa.classes) + "\n")
    names = gen.sorted_members()
    out.append("#define A32_FIELDS(X) \\")
    out.append(" \\\n".join(f"\tX({n})" for n in names) + "\n")
    out.append("struct a32_insn {\n\tu32 word;\n\tu16 op;\n\tu16 cls;")
    out += [f"\t{gen.c_type(n)} {n};" for n in names]
    out.append("};\n\n#endif\n")
    return "\n".join(out)


DECODE_TAIL = r"""
unsigned int a32_decode(u32 word, u64 features, struct a32_insn *out)
{
	u32 w = word;
	u32 e = entries[a32_space(&w, features)];
	const u16 *cand;

	while (!(e & LEAF))
		e = entries[(e & 0xffff) + (w >> (e >> 16 & 31) & e >> 21)];
	out->word = word;
	for (cand = &candidates[e & 0xffff]; *cand; cand++) {
		const struct row *r = &rows[*cand - 1];

		if ((w & r->mask) != r->value || (r->needs & ~features))
			continue;
		if (!fill(r->shape, w, features, out))
			continue;
		out->op = *cand;
		out->cls = r->cls;
		return *cand;
	}
	out->op = A32_UNDEFINED;
	out->cls = A32_CLASS_NONE;
	return A32_UNDEFINED;
}

const char *a32_op_name(unsigned int op)
{
	return op < A32_OP_COUNT ? names[op] : names[0];
}
"""


def decoder(g, isa):
    gen = Generator(g, isa)
    tree = g.Tree(isa.rows, SPACES)
    found, of_row = {}, []
    for row in isa.rows:
        of_row.append(found.setdefault(gen.shape(row), len(found)))
    out = [g.banner(isa), '#include "isa/a32.h"\n#include "isa/a32_checks.h"\n',
           "#define LEAF (1u << 31)\n",
           "/* entries[] begins with the roots of the decision trees. */"]
    out += [f'_Static_assert(A32_SPACE_{s.upper()} == {n}, "order of SPACES");'
            for n, s in enumerate(SPACES)]
    out += ["", "struct row {\n\tu32 mask, value;\n\tu64 needs;\n\tu16 cls, shape;\n};\n"]
    out.append("static const struct row rows[] = {")
    for row, shape in zip(isa.rows, of_row):
        needs = f"A32_FEAT_{row.feature.upper()}" if row.feature else "0"
        out.append(f"\t{{ {row.mask:#010x}, {row.value:#010x}, {needs}, "
                   f"A32_CLASS_{row.cls}, {shape} }},")
    out.append("};\n")
    out.append(g.c_array("static const u32 entries[]", [g.entry_word(e) for e in tree.entries], 8))
    out.append(g.c_array("static const u16 candidates[]", [str(c) for c in tree.lists], 16))
    out.append(g.c_array("static const char *const names[]",
                         ['"UNDEFINED"'] + [f'"{r.name}"' for r in isa.rows], 4))
    out.append("static bool fill(unsigned int shape, u32 w, u64 features, struct a32_insn *o)\n{")
    out.append("\t(void)features;\n\tswitch (shape) {")
    out += [f"\tcase {n}:\n{code}" for n, code in enumerate(found)]
    out.append("\t}\n\treturn false;\n}\n" + DECODE_TAIL)
    return "\n".join(out)


class Templates:
    """As isagen.Templates, but an item is two bytes: 0x80 + formatter, member + 1 or 255."""

    def __init__(self, g, gen):
        self.g, self.gen, self.formatters = g, gen, []
        self.members = gen.sorted_members()

    def item(self, row, m):
        name, member = m[1], m[2]
        if name == "m" and not member:
            return row.mnemonic()
        if member and member not in self.gen.members[row.cls]:
            raise self.g.Error(f"{row.where_src}: no member {member} for the template")
        if name not in self.formatters:
            self.formatters.append(name)
        number = self.members.index(member) + 1 if member else 255
        return f"\\{0x80 + self.formatters.index(name):03o}\\{number:03o}"

    def compile(self, row, text):
        text = self.g.re.sub(r"^((?:\{[^}]*\}|[^ {])*) ", r"\1\\t", text)
        return self.g.ITEM.sub(lambda m: self.item(row, m), text)


def template_case(gen, templates, row):
    lines = [f"\tcase A32_{row.name}:"]
    for a in row.asm:
        text = templates.compile(row, a.text)
        if a.cond:
            lines.append(f"\t\tif ({gen.of_struct(row, a.cond)})")
            lines.append(f"\t\t\treturn \"{text}\";")
        else:
            lines.append(f"\t\treturn \"{text}\";")
            return lines
    raise gen.g.Error(f"{row.where_src}: {row.name} has no asm without a condition")


def disasm(g, isa):
    gen = Generator(g, isa)
    templates, cases = Templates(g, gen), []
    for row in isa.rows:
        cases += template_case(gen, templates, row)
    if len(templates.formatters) > 128 or len(templates.members) > 253:
        raise g.Error(f"{isa.path}: more than 128 kinds of items or 253 members")
    out = [g.banner(isa)]
    for f in templates.formatters:
        out.append(f"A32_FMT({f});")
    out.append("")
    out.append(g.c_array("static const a32_fmt_fn formatters[]",
                         ["a32_fmt_" + f for f in templates.formatters], 6))
    out.append("static u32 member_value(const struct a32_insn *o, unsigned int n)\n{\n\tswitch (n) {")
    for n, name in enumerate(templates.members):
        out.append(f"\tcase {n + 1}:\n\t\treturn o->{name};")
    out.append("\t}\n\treturn 0;\n}\n")
    out.append("static const char *template_of(const struct a32_insn *o, u64 features)\n{")
    out.append("\t(void)features;\n\tswitch (o->op) {")
    out += cases + ["\t}\n\treturn NULL;\n}\n"]
    return "\n".join(out)


def row_list(g, isa):
    lines = ["name\tclass\tfeature\tspace\tmask\tvalue\tmembers"]
    gen = Generator(g, isa)
    for r in isa.rows:
        lines.append(f"{r.name}\t{r.cls}\t{r.feature or '-'}\t{r.space}\t{r.mask:#010x}\t"
                     f"{r.value:#010x}\t{' '.join(sorted(gen.members[r.cls]))}")
    return "\n".join(lines) + "\n"


def makers(g):
    return [lambda isa, make=make: make(g, isa) for make in (header, decoder, disasm, row_list)]
