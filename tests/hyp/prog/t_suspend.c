// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests while the host sleeps: test_load.py sends it to sleep, and says when it was enough.
 * As for storms, `hyptest all` leaves this alone.
 */
#include <fcntl.h>

#include "kvmtest.h"

#define ENOUGH "/tmp/awake"
#define ROUNDS 100u		/* afterwards */

static uint32_t rounds[2];

/* Who is frozen is taken out of KVM_RUN like by a signal. */
static void *beat_main(void *opaque)
{
	struct vcpu *v = opaque;

	for (;;) {
		enum event event = vcpu_run(v);

		if (event == EV_INTR)
			continue;
		CHECK_EQ(event, EV_SYNC);
		CHECK_EQ(v->value, rounds[v->id] + 1);
		__atomic_store_n(&rounds[v->id], v->value, __ATOMIC_SEQ_CST);
	}
}

static uint32_t least(void)
{
	uint32_t a = __atomic_load_n(&rounds[0], __ATOMIC_SEQ_CST), b = __atomic_load_n(&rounds[1], __ATOMIC_SEQ_CST);

	return a < b ? a : b;
}

TEST_LIMIT(storm_suspend, 900, "two vCPUs with timers, interrupts to each other and VFP while the host sleeps")
{
	struct vm *vm = vm_new(2, 0);
	pthread_t t[2];
	uint32_t before;

	vcpu_start_at(&vm->vcpu[0], GUEST(g_beat), 0, false);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, beat_main, &vm->vcpu[i]), 0);
	while (access(ENOUGH, F_OK))
		pause_us(100000);
	before = least();
	CHECK(before > 0);
	while (least() < before + ROUNDS)
		pause_us(100000);
	/* The threads end with the process. */
}
