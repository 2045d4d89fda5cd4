/* SPDX-License-Identifier: GPL-2.0-only */
/* A keyboard with 105 keys that speaks scan-code set 2. */
#include <linux/input-event-codes.h>
#include <string.h>

#include "vmm/dev/ps2.h"

#define TYPEMATIC_DEFAULT 0x2b	/* 10.9 a second after half a second */
#define EXT 0xe000		/* the code has the prefix e0 */
#define PAUSE 0xe177

enum {
	SET_LEDS = 0xed, ECHO = 0xee, SCAN_SET = 0xf0, IDENTIFY = 0xf2, SET_TYPEMATIC = 0xf3,
	ENABLE = 0xf4, DISABLE = 0xf5, DEFAULTS = 0xf6, ALL_TYPEMATIC = 0xf7, ALL_MAKE_RELEASE = 0xf8,
	ALL_MAKE = 0xf9, ALL_BOTH = 0xfa,
};

/* Set 2, by the numbers of linux/input-event-codes.h; 0: no such key. */
static const u16 set2[] = {
	[KEY_ESC] = 0x76, [KEY_1] = 0x16, [KEY_2] = 0x1e, [KEY_3] = 0x26, [KEY_4] = 0x25,
	[KEY_5] = 0x2e, [KEY_6] = 0x36, [KEY_7] = 0x3d, [KEY_8] = 0x3e, [KEY_9] = 0x46,
	[KEY_0] = 0x45, [KEY_MINUS] = 0x4e, [KEY_EQUAL] = 0x55, [KEY_BACKSPACE] = 0x66,
	[KEY_TAB] = 0x0d, [KEY_Q] = 0x15, [KEY_W] = 0x1d, [KEY_E] = 0x24, [KEY_R] = 0x2d,
	[KEY_T] = 0x2c, [KEY_Y] = 0x35, [KEY_U] = 0x3c, [KEY_I] = 0x43, [KEY_O] = 0x44,
	[KEY_P] = 0x4d, [KEY_LEFTBRACE] = 0x54, [KEY_RIGHTBRACE] = 0x5b, [KEY_ENTER] = 0x5a,
	[KEY_LEFTCTRL] = 0x14, [KEY_A] = 0x1c, [KEY_S] = 0x1b, [KEY_D] = 0x23, [KEY_F] = 0x2b,
	[KEY_G] = 0x34, [KEY_H] = 0x33, [KEY_J] = 0x3b, [KEY_K] = 0x42, [KEY_L] = 0x4b,
	[KEY_SEMICOLON] = 0x4c, [KEY_APOSTROPHE] = 0x52, [KEY_GRAVE] = 0x0e,
	[KEY_LEFTSHIFT] = 0x12, [KEY_BACKSLASH] = 0x5d, [KEY_Z] = 0x1a, [KEY_X] = 0x22,
	[KEY_C] = 0x21, [KEY_V] = 0x2a, [KEY_B] = 0x32, [KEY_N] = 0x31, [KEY_M] = 0x3a,
	[KEY_COMMA] = 0x41, [KEY_DOT] = 0x49, [KEY_SLASH] = 0x4a, [KEY_RIGHTSHIFT] = 0x59,
	[KEY_KPASTERISK] = 0x7c, [KEY_LEFTALT] = 0x11, [KEY_SPACE] = 0x29, [KEY_CAPSLOCK] = 0x58,
	[KEY_F1] = 0x05, [KEY_F2] = 0x06, [KEY_F3] = 0x04, [KEY_F4] = 0x0c, [KEY_F5] = 0x03,
	[KEY_F6] = 0x0b, [KEY_F7] = 0x83, [KEY_F8] = 0x0a, [KEY_F9] = 0x01, [KEY_F10] = 0x09,
	[KEY_NUMLOCK] = 0x77, [KEY_SCROLLLOCK] = 0x7e, [KEY_KP7] = 0x6c, [KEY_KP8] = 0x75,
	[KEY_KP9] = 0x7d, [KEY_KPMINUS] = 0x7b, [KEY_KP4] = 0x6b, [KEY_KP5] = 0x73,
	[KEY_KP6] = 0x74, [KEY_KPPLUS] = 0x79, [KEY_KP1] = 0x69, [KEY_KP2] = 0x72,
	[KEY_KP3] = 0x7a, [KEY_KP0] = 0x70, [KEY_KPDOT] = 0x71, [KEY_102ND] = 0x61,
	[KEY_F11] = 0x78, [KEY_F12] = 0x07, [KEY_KPENTER] = EXT | 0x5a,
	[KEY_RIGHTCTRL] = EXT | 0x14, [KEY_KPSLASH] = EXT | 0x4a, [KEY_SYSRQ] = EXT | 0x7c,
	[KEY_RIGHTALT] = EXT | 0x11, [KEY_HOME] = EXT | 0x6c, [KEY_UP] = EXT | 0x75,
	[KEY_PAGEUP] = EXT | 0x7d, [KEY_LEFT] = EXT | 0x6b, [KEY_RIGHT] = EXT | 0x74,
	[KEY_END] = EXT | 0x69, [KEY_DOWN] = EXT | 0x72, [KEY_PAGEDOWN] = EXT | 0x7a,
	[KEY_INSERT] = EXT | 0x70, [KEY_DELETE] = EXT | 0x71, [KEY_PAUSE] = PAUSE,
	[KEY_LEFTMETA] = EXT | 0x1f, [KEY_RIGHTMETA] = EXT | 0x27, [KEY_COMPOSE] = EXT | 0x2f,
};

static bool send_code(struct ps2 *p, u16 code, bool down)
{
	/* Pause says that it is down and up at once, and never repeats. */
	static const u8 pause[8] = { 0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77 };
	u8 bytes[3];
	unsigned int n = 0;

	if (code == PAUSE)
		return !down || ps2_event(p, pause, sizeof(pause));
	if (code & EXT)
		bytes[n++] = EXT >> 8;
	if (!down)
		bytes[n++] = 0xf0;
	bytes[n++] = code;
	return ps2_event(p, bytes, n);
}

static u64 repeat_delay(const struct ps2 *p)
{
	return ((p->kbd.typematic >> 5 & 3) + 1) * 250000000ull;
}

/* (8 + A) * 2^B * 4.17 ms */
static u64 repeat_period(const struct ps2 *p)
{
	return (8 + (p->kbd.typematic & 7)) * 4170000ull << (p->kbd.typematic >> 3 & 3);
}

int ps2_keyboard_key(struct ps2 *p, unsigned int keycode, bool down)
{
	struct ps2_keyboard *k = &p->kbd;
	u16 code = keycode < ARM_ARRAY_SIZE(set2) ? set2[keycode] : 0;

	if (!code)
		return -EINVAL;
	if (k->repeat && (down || k->repeat == code)) {
		k->repeat = 0;
		dev_timer_cancel(p->timer);
	}
	if (!k->scanning)
		return 0;
	/* The buffer's overrun code is not sent: the last place is for it and nobody wants it. */
	send_code(p, code, down);
	if (down && code != PAUSE) {
		k->repeat = code;
		dev_timer_set(p->timer, repeat_delay(p));
	}
	return 0;
}

/* While a key is held.  A host that does not fetch gets no more of it. */
void ps2_keyboard_timer(struct ps2 *p)
{
	if (!p->kbd.repeat || !p->kbd.scanning)
		return;
	if (!p->count)
		send_code(p, p->kbd.repeat, true);
	dev_timer_set(p->timer, repeat_period(p));
}

void ps2_keyboard_defaults(struct ps2 *p)
{
	p->kbd.typematic = TYPEMATIC_DEFAULT;
	p->kbd.set = 2;
	p->kbd.repeat = 0;
}

static void stop(struct ps2 *p)
{
	dev_timer_cancel(p->timer);
	ps2_drop_events(p);
	ps2_keyboard_defaults(p);
}

/* The second byte of a command. */
static void argument(struct ps2 *p, u8 command, u8 byte)
{
	struct ps2_keyboard *k = &p->kbd;

	/* Only this set is known; 0 asks which it is. */
	if (command == SCAN_SET && byte != 0 && byte != 2) {
		ps2_reply(p, PS2_RESEND);
		return;
	}
	ps2_reply(p, PS2_ACK);
	if (command == SET_LEDS)
		k->leds = byte & 7;
	else if (command == SET_TYPEMATIC)
		k->typematic = byte & 0x7f;
	else if (!byte)
		ps2_reply(p, k->set);
}

static void command(struct ps2 *p, u8 byte)
{
	switch (byte) {
	case ECHO:
		ps2_reply(p, ECHO);
		return;
	case SET_LEDS:
	case SCAN_SET:
	case SET_TYPEMATIC:
		p->command = byte;
		break;
	case IDENTIFY:
		ps2_reply(p, PS2_ACK);
		ps2_reply(p, 0xab);
		ps2_reply(p, 0x83);
		return;
	case ENABLE:
		ps2_drop_events(p);
		p->kbd.scanning = true;
		break;
	case DISABLE:
		stop(p);
		p->kbd.scanning = false;
		break;
	case DEFAULTS:
		stop(p);
		break;
	case ALL_TYPEMATIC:
	case ALL_MAKE_RELEASE:
	case ALL_MAKE:
	case ALL_BOTH:
		break;		/* for set 3 only */
	default:
		ps2_reply(p, PS2_RESEND);
		return;
	}
	ps2_reply(p, PS2_ACK);
}

/* A command instead of an argument is taken as a command. */
void ps2_keyboard_receive(struct ps2 *p, u8 byte)
{
	u8 pending = p->command;

	p->command = 0;
	if (pending && byte < SET_LEDS)
		argument(p, pending, byte);
	else
		command(p, byte);
}
