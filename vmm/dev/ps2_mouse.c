/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mouse with three buttons, and a wheel for hosts that know the knock.
 * Movement comes in counts: the resolution is only remembered.
 */
#include <string.h>

#include "vmm/dev/ps2.h"

#define ID_PLAIN 0
#define ID_WHEEL 3
#define BUSY_EVENTS 2		/* the host is behind: wait with reports */

enum {
	SCALE_1 = 0xe6, SCALE_2 = 0xe7, SET_RESOLUTION = 0xe8, STATUS = 0xe9, STREAM = 0xea,
	READ_DATA = 0xeb, END_WRAP = 0xec, WRAP = 0xee, REMOTE = 0xf0, IDENTIFY = 0xf2,
	SET_RATE = 0xf3, ENABLE = 0xf4, DISABLE = 0xf5, DEFAULTS = 0xf6,
};

static s32 clamp(s32 val, s32 min, s32 max)
{
	return val < min ? min : val > max ? max : val;
}

/* The 2:1 curve of stream mode. */
static s32 scale(s32 d)
{
	static const u8 small[6] = { 0, 1, 1, 3, 6, 9 };
	s32 abs = d < 0 ? -d : d, val = abs < 6 ? small[abs] : 2 * abs;

	return d < 0 ? -val : val;
}

/* Takes up to a report's worth of the movement.  Returns the bytes in @b. */
static unsigned int packet(struct ps2 *p, bool scaled, u8 *b)
{
	struct ps2_mouse *m = &p->mouse;
	s32 dx = clamp(m->dx, scaled ? -127 : -255, scaled ? 127 : 255);
	s32 dy = clamp(m->dy, scaled ? -127 : -255, scaled ? 127 : 255);
	s32 dz = clamp(m->dz, -8, 7);

	m->dx -= dx;
	m->dy -= dy;
	m->dz -= dz;
	if (scaled) {
		dx = scale(dx);
		dy = scale(dy);
	}
	m->sent_buttons = m->buttons;
	b[0] = 0x08 | m->buttons | (dx < 0 ? 0x10 : 0) | (dy < 0 ? 0x20 : 0);
	b[1] = dx;
	b[2] = dy;
	b[3] = dz;
	return m->wheel ? 4 : 3;
}

static bool news(const struct ps2_mouse *m)
{
	return m->dx || m->dy || (m->wheel && m->dz) || m->buttons != m->sent_buttons;
}

/* In stream mode: at most as many reports as the sample rate says. */
void ps2_mouse_report(struct ps2 *p)
{
	struct ps2_mouse *m = &p->mouse;
	u64 period = 1000000000 / m->rate, since = dev_now(p->timer->clock) - m->last_report;
	unsigned int len;
	u8 b[4];

	if (!m->reporting || m->remote || m->wrap || !news(m))
		return;
	if (since < period) {
		dev_timer_set(p->timer, period - since);
		return;
	}
	if (p->count < BUSY_EVENTS) {
		len = packet(p, m->double_scale, b);
		ps2_event(p, b, len);
		m->last_report = dev_now(p->timer->clock);
	}
	if (news(m))
		dev_timer_set(p->timer, period);
}

static s32 add(s32 a, int b)
{
	return clamp(a + clamp(b, -PS2_MOUSE_PENDING, PS2_MOUSE_PENDING), -PS2_MOUSE_PENDING, PS2_MOUSE_PENDING);
}

void ps2_mouse_move(struct ps2 *p, int dx, int dy, int dz, unsigned int buttons)
{
	struct ps2_mouse *m = &p->mouse;

	/* A click between two reports would be lost: report what was before it. */
	if ((buttons & 7) != m->buttons && m->buttons != m->sent_buttons) {
		m->last_report = 0;
		ps2_mouse_report(p);
	}
	m->dx = add(m->dx, dx);
	m->dy = add(m->dy, dy);
	m->dz = add(m->dz, dz);
	m->buttons = buttons & 7;
	ps2_mouse_report(p);
}

static void forget(struct ps2_mouse *m)
{
	m->dx = m->dy = m->dz = 0;
}

void ps2_mouse_defaults(struct ps2 *p)
{
	struct ps2_mouse *m = &p->mouse;
	u8 buttons = m->buttons;

	*m = (struct ps2_mouse){ .rate = 100, .resolution = 2 };
	/* The fingers stay where they are. */
	m->buttons = m->sent_buttons = buttons;
}

/* 200, 100, 80 samples a second is how a host asks for the wheel. */
static void set_rate(struct ps2_mouse *m, u8 rate)
{
	static const u8 sequence[3] = { 200, 100, 80 };

	m->rate = rate ? rate : 1;
	if (rate == sequence[m->knock])
		m->knock++;
	else
		m->knock = rate == sequence[0];
	if (m->knock == 3) {
		m->knock = 0;
		m->wheel = true;
	}
}

static void argument(struct ps2 *p, u8 command, u8 byte)
{
	struct ps2_mouse *m = &p->mouse;

	if (command == SET_RESOLUTION && byte > 3) {
		ps2_reply(p, PS2_RESEND);
		return;
	}
	ps2_reply(p, PS2_ACK);
	if (command == SET_RESOLUTION)
		m->resolution = byte;
	else
		set_rate(m, byte);
}

static void status(struct ps2 *p)
{
	const struct ps2_mouse *m = &p->mouse;
	u8 buttons = (m->buttons & PL050_BUTTON_LEFT ? 4 : 0) |
		     (m->buttons & PL050_BUTTON_MIDDLE ? 2 : 0) |
		     (m->buttons & PL050_BUTTON_RIGHT ? 1 : 0);

	ps2_reply(p, m->remote << 6 | m->reporting << 5 | m->double_scale << 4 | buttons);
	ps2_reply(p, m->resolution);
	ps2_reply(p, m->rate);
}

static void read_data(struct ps2 *p)
{
	u8 b[4];
	unsigned int len = packet(p, false, b);

	for (unsigned int i = 0; i < len; i++)
		ps2_reply(p, b[i]);
}

/* What a command does beside its acknowledgement.  False: there is no such command. */
static bool command_run(struct ps2 *p, u8 byte)
{
	struct ps2_mouse *m = &p->mouse;
	bool wheel = m->wheel;

	switch (byte) {
	case SCALE_1:
	case SCALE_2:
		m->double_scale = byte == SCALE_2;
		break;
	case SET_RESOLUTION:
	case SET_RATE:
		p->command = byte;
		break;
	case STREAM:
	case REMOTE:
		m->remote = byte == REMOTE;
		forget(m);
		break;
	case WRAP:
		m->wrap = true;
		break;
	case END_WRAP:
		m->wrap = false;
		break;
	case ENABLE:
	case DISABLE:
		m->reporting = byte == ENABLE;
		ps2_drop_events(p);
		forget(m);
		break;
	case DEFAULTS:
		ps2_drop_events(p);
		ps2_mouse_defaults(p);
		m->wheel = wheel;
		break;
	default:
		return false;
	}
	return true;
}

void ps2_mouse_receive(struct ps2 *p, u8 byte)
{
	u8 pending = p->command;

	p->command = 0;
	if (p->mouse.wrap && byte != END_WRAP) {
		ps2_reply(p, byte);
	} else if (pending) {
		argument(p, pending, byte);
	} else if (byte == STATUS || byte == READ_DATA || byte == IDENTIFY) {
		ps2_reply(p, PS2_ACK);
		if (byte == STATUS)
			status(p);
		else if (byte == READ_DATA)
			read_data(p);
		else
			ps2_reply(p, p->mouse.wheel ? ID_WHEEL : ID_PLAIN);
	} else {
		ps2_reply(p, command_run(p, byte) ? PS2_ACK : PS2_RESEND);
	}
}
