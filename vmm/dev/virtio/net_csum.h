/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMM_DEV_VIRTIO_NET_CSUM_H
#define VMM_DEV_VIRTIO_NET_CSUM_H

#include <string.h>

#include "arm/base.h"

/*
 * Completes a checksum that the guest left to the device (5.1.6.2): sums from
 * @start to the end and stores the result @offset bytes behind @start.  False
 * if that is not within the frame.
 */
static inline bool net_csum_fill(u8 *frame, u32 len, u32 start, u32 offset)
{
	u64 sum = 0;
	u32 i, word;
	u16 half;

	if (start >= len || offset > len - start || len - start - offset < 2)
		return false;
	/*
	 * One's complement sums do not care for byte order or grouping
	 * (RFC 1071); 32 bits at a time cannot overflow 64 for any frame.
	 */
	for (i = start; len - i >= 4; i += 4) {
		memcpy(&word, frame + i, 4);
		sum += word;
	}
	if (len - i >= 2) {
		memcpy(&half, frame + i, 2);
		sum += half;
		i += 2;
	}
	if (i < len) {
		u8 last[2] = { frame[i], 0 };

		memcpy(&half, last, 2);
		sum += half;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	half = ~sum;
	/* 0 means "no checksum" to UDP, and is the same number for TCP. */
	if (!half)
		half = 0xffff;
	memcpy(frame + start + offset, &half, 2);
	return true;
}

#endif
