// SPDX-License-Identifier: GPL-2.0-only
/* Formatters for the templates of vfp.decode. */
#include "isa/a32_text.h"

/* ---- registers ---- */

A32_FMT(vfs) { a32_put(t, "s%u", v); }
A32_FMT(vfs1) { a32_put(t, "s%u", v + 1); }
A32_FMT(vfd) { a32_put(t, "d%u", v); }
A32_FMT(vfq) { a32_put(t, "q%u", v / 2); }
A32_FMT(vff) { a32_put(t, "%c%u", o->sz ? 'd' : 's', v); }
A32_FMT(vflane) { a32_put(t, "%u", v); }

A32_FMT(vfreg)
{
	static const char *const names[16] = {
		[0] = "fpsid", [1] = "fpscr", [5] = "mvfr2", [6] = "mvfr1", [7] = "mvfr0", [8] = "fpexc",
	};

	a32_put(t, "%s", names[v & 15] ? names[v & 15] : "?");
}

/* {d0-d3}, {d0} */
A32_FMT(vflist)
{
	char c = o->sz ? 'd' : 's';

	if (o->nregs > 1)
		a32_put(t, "{%c%u-%c%u}", c, o->Vd, c, o->Vd + o->nregs - 1);
	else
		a32_put(t, "{%c%u}", c, o->Vd);
}

A32_FMT(vfwb)
{
	if (o->wback)
		a32_put(t, "!");
}

/* ---- types ---- */

A32_FMT(vfsz) { a32_put(t, o->sz ? "f64" : "f32"); }
A32_FMT(vfisz) { a32_put(t, o->sign ? "s32" : "u32"); }
A32_FMT(vfxsz) { a32_put(t, "%c%u", o->uns ? 'u' : 's', o->sx ? 32 : 16); }
A32_FMT(vfesz) { a32_put(t, "%u", 8u << o->es); }
A32_FMT(vftb) { a32_put(t, o->top ? "t" : "b"); }

/* ---- constants and addresses ---- */

/* (-1)^S * (16 + efgh) / 16 * 2^exp, -3 <= exp <= 4. */
A32_FMT(vfimm)
{
	int exp = (int)(v >> 4 & 3) + (v & 0x40 ? -3 : 1);
	double x = (16 + (v & 15)) / 16.0;

	x = exp < 0 ? x / (1 << -exp) : x * (1 << exp);
	a32_put(t, "#%.6e", v & 0x80 ? -x : x);
}

/* An offset of - 0 is not one of + 0. */
A32_FMT(vfmem)
{
	a32_put(t, "[%s", a32_reg_name(o->Rn));
	a32_put_offset(t, o->add, o->imm32);
	a32_put(t, "]");
}
