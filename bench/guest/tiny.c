/* SPDX-License-Identifier: GPL-2.0-only */
/* The smallest program there is: what fork+exec starts.  It has no C library. */
void _start(void);

void _start(void)
{
#ifdef __aarch64__
	register long x8 __asm__("x8") = 93, x0 __asm__("x0") = 7;

	__asm__ volatile("svc #0" : : "r"(x8), "r"(x0));
#elif defined(__arm__)
	register long r7 __asm__("r7") = 1, r0 __asm__("r0") = 7;

	__asm__ volatile("svc #0" : : "r"(r7), "r"(r0));
#else
	__asm__ volatile("syscall" : : "a"(60), "D"(7));
#endif
	__builtin_unreachable();
}
