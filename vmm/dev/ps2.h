/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is at the other end of a PL050: the PS/2 keyboard and mouse, byte by
 * byte.  Not for anyone else; all of it is under the PL050's lock.
 */
#ifndef VMM_DEV_PS2_H
#define VMM_DEV_PS2_H

#include "vmm/dev/pl050.h"
#include "vmm/dev/timer.h"

#define PS2_EVENTS 16
#define PS2_REPLIES 16
#define PS2_EVENT_BYTES 8
#define PS2_MOUSE_PENDING 4096	/* counts that wait for a report, at most */

#define PS2_ACK 0xfa
#define PS2_RESEND 0xfe
#define PS2_BAT_OK 0xaa

/* Bytes that belong together: a key's code, a report of the mouse. */
struct ps2_event {
	u8 len;
	u8 byte[PS2_EVENT_BYTES];
};

struct ps2_keyboard {
	bool scanning;
	u8 leds, typematic;
	u8 set;			/* of scan codes */
	u16 repeat;		/* the key that is held, by its code; 0: none */
};

struct ps2_mouse {
	bool reporting, remote, wrap, double_scale, wheel;
	u8 rate, resolution;	/* reports a second; log2 of counts per mm */
	u8 knock;		/* sample rates of the wheel's sequence seen so far */
	u8 buttons, sent_buttons;
	s32 dx, dy, dz;		/* not reported yet */
	u64 last_report;	/* ns */
	u64 age;		/* for the save table: of that */
};

struct ps2 {
	enum pl050_kind kind;
	struct dev_timer *timer;	/* typematic, or the next report */
	u8 command;		/* waits for its argument; 0: none */
	u8 last;		/* byte sent, for 0xfe */
	/* Replies go before events, but never into one that has begun. */
	u8 replies[PS2_REPLIES];
	u32 nr_replies;
	struct ps2_event events[PS2_EVENTS];
	u32 head, count, sent;		/* sent: bytes of the first event */
	struct ps2_keyboard kbd;
	struct ps2_mouse mouse;
};

/* For the save table of the PL050; the timer is its. */
extern const struct save_field ps2_fields[];
void ps2_before(struct ps2 *p);
/* NULL, or what is wrong. */
const char *ps2_after(struct ps2 *p);

void ps2_power_on(struct ps2 *p);
/* The host sends @byte. */
void ps2_receive(struct ps2 *p, u8 byte);
/* Has the device a byte for the host?  Takes it. */
bool ps2_send(struct ps2 *p, u8 *byte);
void ps2_timer(struct ps2 *p);

/* For the two devices. */
void ps2_reply(struct ps2 *p, u8 byte);
bool ps2_event(struct ps2 *p, const u8 *bytes, unsigned int len);	/* false: no room */
void ps2_drop_events(struct ps2 *p);

void ps2_keyboard_defaults(struct ps2 *p);
void ps2_keyboard_receive(struct ps2 *p, u8 byte);
void ps2_keyboard_timer(struct ps2 *p);
int ps2_keyboard_key(struct ps2 *p, unsigned int keycode, bool down);

void ps2_mouse_defaults(struct ps2 *p);
void ps2_mouse_receive(struct ps2 *p, u8 byte);
void ps2_mouse_report(struct ps2 *p);	/* also the timer's */
void ps2_mouse_move(struct ps2 *p, int dx, int dy, int dz, unsigned int buttons);

#endif
