/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/ps2.h"

#include <string.h>

void ps2_reply(struct ps2 *p, u8 byte)
{
	if (p->nr_replies < PS2_REPLIES)
		p->replies[p->nr_replies++] = byte;
}

bool ps2_event(struct ps2 *p, const u8 *bytes, unsigned int len)
{
	struct ps2_event *e;

	if (p->count == PS2_EVENTS)
		return false;
	e = &p->events[(p->head + p->count++) % PS2_EVENTS];
	e->len = len;
	memcpy(e->byte, bytes, len);
	return true;
}

/* What has begun goes on: the host has the first half of it. */
void ps2_drop_events(struct ps2 *p)
{
	p->count = p->sent ? 1 : 0;
}

static void event_byte(struct ps2 *p, u8 *byte)
{
	struct ps2_event *e = &p->events[p->head];

	*byte = e->byte[p->sent++];
	if (p->sent < e->len)
		return;
	p->sent = 0;
	p->head = (p->head + 1) % PS2_EVENTS;
	p->count--;
}

bool ps2_send(struct ps2 *p, u8 *byte)
{
	if (p->sent) {
		event_byte(p, byte);
	} else if (p->nr_replies) {
		*byte = p->replies[0];
		memmove(p->replies, p->replies + 1, --p->nr_replies);
	} else if (p->count) {
		event_byte(p, byte);
	} else {
		return false;
	}
	p->last = *byte;
	return true;
}

static void defaults(struct ps2 *p)
{
	p->command = 0;
	dev_timer_cancel(p->timer);
	ps2_drop_events(p);
	if (p->kind == PL050_KEYBOARD)
		ps2_keyboard_defaults(p);
	else
		ps2_mouse_defaults(p);
}

/* The self test takes no time. */
static void self_test(struct ps2 *p)
{
	defaults(p);
	ps2_reply(p, PS2_BAT_OK);
	if (p->kind == PL050_MOUSE)
		ps2_reply(p, 0);
	p->kbd.leds = 0;
	p->kbd.scanning = true;
}

void ps2_power_on(struct ps2 *p)
{
	p->sent = 0;
	p->nr_replies = 0;
	self_test(p);
}

/* A new byte from the host ends what it has not fetched of the answer to the last. */
void ps2_receive(struct ps2 *p, u8 byte)
{
	if (byte == PS2_RESEND) {
		p->nr_replies = 0;
		ps2_reply(p, p->last);
		return;
	}
	p->nr_replies = 0;
	if (byte == 0xff) {
		ps2_reply(p, PS2_ACK);
		self_test(p);
	} else if (p->kind == PL050_KEYBOARD) {
		ps2_keyboard_receive(p, byte);
	} else {
		ps2_mouse_receive(p, byte);
	}
}

void ps2_timer(struct ps2 *p)
{
	if (p->kind == PL050_KEYBOARD)
		ps2_keyboard_timer(p);
	else
		ps2_mouse_report(p);
}
