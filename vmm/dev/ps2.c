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

static const struct save_field event_fields[] = {
	SAVE_MAX(struct ps2_event, len, PS2_EVENT_BYTES),
	SAVE_BUFFER(struct ps2_event, byte),
	SAVE_LAST,
};

static const struct save_field keyboard_fields[] = {
	SAVE(struct ps2_keyboard, scanning),
	SAVE_MAX(struct ps2_keyboard, leds, 7),
	SAVE_MAX(struct ps2_keyboard, typematic, 0x7f),
	SAVE(struct ps2_keyboard, set),
	SAVE(struct ps2_keyboard, repeat),
	SAVE_LAST,
};

static const struct save_field mouse_fields[] = {
	SAVE(struct ps2_mouse, reporting),
	SAVE(struct ps2_mouse, remote),
	SAVE(struct ps2_mouse, wrap),
	SAVE(struct ps2_mouse, double_scale),
	SAVE(struct ps2_mouse, wheel),
	SAVE(struct ps2_mouse, rate),
	SAVE_MAX(struct ps2_mouse, resolution, 3),
	SAVE_MAX(struct ps2_mouse, knock, 2),
	SAVE_MAX(struct ps2_mouse, buttons, 7),
	SAVE_MAX(struct ps2_mouse, sent_buttons, 7),
	SAVE(struct ps2_mouse, dx),
	SAVE(struct ps2_mouse, dy),
	SAVE(struct ps2_mouse, dz),
	SAVE_MAX(struct ps2_mouse, age, DEV_AGE_MAX),
	SAVE_LAST,
};

const struct save_field ps2_fields[] = {
	SAVE(struct ps2, command),
	SAVE(struct ps2, last),
	SAVE_BUFFER(struct ps2, replies),
	SAVE_MAX(struct ps2, nr_replies, PS2_REPLIES),
	SAVE_SUBS(struct ps2, events, event_fields),
	SAVE_MAX(struct ps2, head, PS2_EVENTS - 1),
	SAVE_MAX(struct ps2, count, PS2_EVENTS),
	SAVE_MAX(struct ps2, sent, PS2_EVENT_BYTES - 1),
	SAVE_SUB(struct ps2, kbd, keyboard_fields),
	SAVE_SUB(struct ps2, mouse, mouse_fields),
	SAVE_LAST,
};

void ps2_before(struct ps2 *p)
{
	p->mouse.age = dev_age(p->timer->clock, p->mouse.last_report);
}

static bool pending_ok(s32 d)
{
	return d >= -PS2_MOUSE_PENDING && d <= PS2_MOUSE_PENDING;
}

const char *ps2_after(struct ps2 *p)
{
	struct ps2_mouse *m = &p->mouse;

	for (unsigned int i = 0; i < p->count; i++)
		if (!p->events[(p->head + i) % PS2_EVENTS].len)
			return "an event without bytes is in its queue";
	if (p->sent && (!p->count || p->sent >= p->events[p->head].len))
		return "more of an event has been sent than it has";
	if (p->kind == PL050_MOUSE && !m->rate)
		return "the mouse reports never";
	if (!pending_ok(m->dx) || !pending_ok(m->dy) || !pending_ok(m->dz))
		return "the mouse has moved too far";
	m->last_report = dev_age(p->timer->clock, m->age);
	return NULL;
}
