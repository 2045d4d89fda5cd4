/* SPDX-License-Identifier: GPL-2.0-only */
/* What the card's commands (sdcard_cmd.c) and its data (sdcard.c) share; for no one else. */
#ifndef VMM_DEV_SDCARD_IMPL_H
#define VMM_DEV_SDCARD_IMPL_H

#include <pthread.h>

#include "vmm/dev/sdcard.h"
#include "vmm/dev/sdcard_regs.h"
#include "vmm/host/pool.h"

#define SD_SECTOR 512u
#define SD_CHUNK (32u << 10)	/* of one job; a multiple of SD_SECTOR */
#define SD_BLOCKS_OPEN UINT64_MAX	/* until CMD12 */

/* 4.10.1: the card status. */
#define R1_OUT_OF_RANGE (1u << 31)
#define R1_ADDRESS_ERROR (1u << 30)
#define R1_BLOCK_LEN_ERROR (1u << 29)
#define R1_ERASE_SEQ_ERROR (1u << 28)
#define R1_ERASE_PARAM (1u << 27)
#define R1_WP_VIOLATION (1u << 26)
#define R1_COM_CRC_ERROR (1u << 23)
#define R1_ILLEGAL_COMMAND (1u << 22)
#define R1_ERROR (1u << 19)
#define R1_CSD_OVERWRITE (1u << 16)
#define R1_ERASE_RESET (1u << 13)
#define R1_READY_FOR_DATA (1u << 8)
#define R1_APP_CMD (1u << 5)
/* Cleared by the response that shows them. */
#define R1_STICKY 0xfdf9a000u

/* Their numbers are those of CURRENT_STATE (4.10.1). */
enum sd_state {
	S_IDLE, S_READY, S_IDENT, S_STBY, S_TRAN, S_DATA, S_RCV, S_PRG, S_DIS, S_INACTIVE,
};

enum sd_job {
	SD_JOB_READ,
	SD_JOB_WRITE,
	SD_JOB_ERASE,
};

struct sdcard {
	struct image *image;
	struct pool *pool;
	u64 bytes;
	bool readonly, high_capacity;
	void (*ready)(void *opaque);
	void *opaque;
	struct pool_job job;
	pthread_mutex_t lock;		/* everything below */
	pthread_cond_t rest;		/* the card's thread has come to rest */
	struct sdcard_regs regs;
	u8 state;			/* enum sd_state */
	u32 status;			/* R1_* but state and readiness */
	u16 rca;
	bool app;			/* after CMD55 */
	bool high_speed, wide;
	u32 block_len;			/* CMD16 */
	u64 erase_start, erase_end;	/* of first and last block */
	bool erase_has_start, erase_has_end;
	u32 written;			/* blocks, for ACMD22 */
	/* The transfer of S_DATA and S_RCV: */
	bool from_small;		/* a register; else the image */
	u8 small[64];
	u32 small_len, small_pos;
	u32 xfer_block;
	u64 blocks_left;
	u64 pos;			/* in the image: of the next chunk */
	bool io_failed;
	bool host_waits;		/* call ready() after the next change */
	bool calling;			/* ready() runs */
	/* The buffer; of the job while busy. */
	u32 buf_len, buf_pos;
	u8 buf[SD_CHUNK];
	/* The job: */
	bool busy;
	bool wanted;			/* its data is still for the transfer at hand */
	enum sd_job kind;
	u64 job_off, job_len;
	u64 erase_off, erase_len;	/* waits for a read that nobody wants any more */
	bool ending;			/* atomic: give up a long erase */
	/* For the save table: of the card that the guest had. */
	u64 had_bytes;
	bool had_readonly;
};

/* All with the lock held. */

/* As after power on; the registers stay. */
void sd_card_reset(struct sdcard *c);
void sd_xfer_begin(struct sdcard *c, enum sd_state state, u64 off, u64 blocks);
/* Ends the transfer at hand.  A write that was begun goes on. */
void sd_xfer_end(struct sdcard *c);
/* Fetches the next part of what is being read, unless there is no more. */
void sd_read_ahead(struct sdcard *c);
/* CMD12 of a write: what is whole is written.  The next state. */
enum sd_state sd_write_stop(struct sdcard *c);
/* Starts, or queues, the erase of [@off, @off + @len). */
void sd_erase(struct sdcard *c, u64 off, u64 len);

#endif
