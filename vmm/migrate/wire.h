/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What both ends of a live migration say to each other, besides the sections of
 * state (docs/migration-format.md, "The conversation").
 *
 *	source					destination
 *	config, identity, intent
 *	check, [state], checked
 *						accept | refuse
 *	ram..., arrive				(refuse at any time)
 *						arrived
 *	...
 *	[state], end
 *						loaded | refuse
 *	go					From here on the guest is the destination's.
 *						running
 */
#ifndef VMM_MIGRATE_WIRE_H
#define VMM_MIGRATE_WIRE_H

#define WIRE_VERSION 1

/* Sections; those without a comment are empty. */
#define WIRE_CONFIG "config"		/* text: vmm/migrate/shape.h */
#define WIRE_IDENTITY "identity"	/* vmm/migrate/identity.h */
#define WIRE_INTENT "intent"		/* u8: enum wire_intent */
#define WIRE_CHECK "check"
#define WIRE_CHECKED "checked"
#define WIRE_IMAGE "image"		/* snapshots: where RAM is in the file; vmm/migrate/snapshot.h */
#define WIRE_ARRIVE "arrive"		/* asks for an answer when all before it has been read */
#define WIRE_END "end"			/* u8: 1: the user holds the vCPUs */
#define WIRE_GO "go"

/* Answers. */
#define WIRE_ACCEPT "accept"
#define WIRE_REFUSE "refuse"		/* text */
#define WIRE_ARRIVED "arrived"
#define WIRE_LOADED "loaded"
#define WIRE_RUNNING "running"

enum wire_intent {
	WIRE_MOVE,
	WIRE_DRY_RUN,		/* ends after the first answer */
	WIRE_STORE,		/* a file: nobody answers */
};

/* Longest text of a refusal that is shown. */
#define WIRE_TEXT_MAX 65536
/* After so long without a byte the other side counts as gone, */
#define WIRE_STALL_MS 10000
/* but an answer comes behind what is still on its way: it may take as long again as sending that took, at most: */
#define WIRE_ON_WAY_MS 120000

#endif
