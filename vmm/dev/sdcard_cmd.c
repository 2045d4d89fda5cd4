/* SPDX-License-Identifier: GPL-2.0-only */
/* The card's commands; section numbers as in sdcard.c. */
#include <string.h>

#include "vmm/dev/sdcard_impl.h"

/* OCR (5.1): 2.7 to 3.6 V */
#define OCR_VOLTAGES 0x00ff8000u
#define OCR_CCS (1u << 30)
#define OCR_READY (1u << 31)

#define IN(s) (1u << S_##s)
#define IN_SELECTABLE (IN(STBY) | IN(TRAN) | IN(DATA) | IN(PRG) | IN(DIS))
#define IN_ADDRESSED (IN_SELECTABLE | IN(RCV))

static bool write_protected(const struct sdcard *c)
{
	return c->readonly || c->regs.csd[14] & 0x30;
}

/* The commands: each returns the bytes of its response. */

static u32 r1_bits(const struct sdcard *c)
{
	u32 status = c->status | (u32)(c->state < S_INACTIVE ? c->state : 0) << 9;

	if (c->state != S_PRG && c->state != S_DIS && !(c->state == S_RCV && c->busy))
		status |= R1_READY_FOR_DATA;
	if (c->app)
		status |= R1_APP_CMD;
	return status;
}

static void put32(u8 *p, u32 val)
{
	p[0] = val >> 24;
	p[1] = val >> 16;
	p[2] = val >> 8;
	p[3] = val;
}

static bool rca_is_mine(const struct sdcard *c, u32 arg)
{
	return arg >> 16 == c->rca;
}

struct cmd {
	u8 index;
	bool app;
	u16 states;
	/*
	 * Returns 0 (no answer), 4 or 16; @resp holds the R1 of the state before
	 * and is changed for other responses.
	 */
	unsigned int (*run)(struct sdcard *c, u32 arg, u8 *resp);
};

/* New error bits belong into the response to the command that found them. */
static unsigned int fail(u8 *resp, u32 bit)
{
	resp[0] |= bit >> 24;
	resp[1] |= bit >> 16;
	resp[2] |= bit >> 8;
	return 4;
}

static unsigned int go_idle(struct sdcard *c, u32 arg, u8 *resp)
{
	(void)arg;
	(void)resp;
	sd_card_reset(c);
	return 0;
}

/* 4.3.13: the voltage of the slot is 2.7-3.6 V or the card is silent. */
static unsigned int send_if_cond(struct sdcard *c, u32 arg, u8 *resp)
{
	(void)c;
	if ((arg >> 8 & 0xf) != 1)
		return 0;
	put32(resp, arg & 0xfff);
	return 4;
}

static unsigned int app_cmd(struct sdcard *c, u32 arg, u8 *resp)
{
	if (!rca_is_mine(c, arg))
		return 0;
	c->app = true;
	resp[3] |= R1_APP_CMD;
	return 4;
}

/* 4.2.3: an argument without voltages only asks; a host that knows no large cards never sees one ready. */
static unsigned int send_op_cond(struct sdcard *c, u32 arg, u8 *resp)
{
	u32 ocr = OCR_VOLTAGES;

	if ((arg & 0x00ffffff) && !(arg & OCR_VOLTAGES)) {
		c->state = S_INACTIVE;
		return 0;
	}
	if ((arg & OCR_VOLTAGES) && (arg & OCR_CCS || !c->high_capacity)) {
		c->state = S_READY;
		ocr |= OCR_READY | (c->high_capacity ? OCR_CCS : 0);
	}
	put32(resp, ocr);
	return 4;
}

static unsigned int all_send_cid(struct sdcard *c, u32 arg, u8 *resp)
{
	(void)arg;
	memcpy(resp, c->regs.cid, 16);
	c->state = S_IDENT;
	return 16;
}

/* R6 (4.9.5): the address and a digest of the status. */
static unsigned int send_rca(struct sdcard *c, u32 arg, u8 *resp)
{
	u32 r1 = (u32)resp[0] << 24 | resp[1] << 16 | resp[2] << 8 | resp[3];

	(void)arg;
	c->rca = c->rca ? c->rca + 1 : 0x1234;
	c->rca = c->rca ? c->rca : 1;
	c->state = S_STBY;
	put32(resp, (u32)c->rca << 16 | (r1 >> 8 & 0xc000) | (r1 >> 6 & 0x2000) | (r1 & 0x1fff));
	return 4;
}

static unsigned int select_card(struct sdcard *c, u32 arg, u8 *resp)
{
	(void)resp;
	if (rca_is_mine(c, arg) && c->rca) {
		if (c->state == S_STBY)
			c->state = S_TRAN;
		else if (c->state == S_DIS)
			c->state = S_PRG;
		else
			return 0;
		return 4;
	}
	if (c->state == S_PRG)
		c->state = S_DIS;
	else if (c->state != S_DIS)
		c->state = S_STBY;
	sd_xfer_end(c);
	return 0;
}

static unsigned int send_csd(struct sdcard *c, u32 arg, u8 *resp)
{
	if (!rca_is_mine(c, arg))
		return 0;
	memcpy(resp, c->regs.csd, 16);
	return 16;
}

static unsigned int send_cid(struct sdcard *c, u32 arg, u8 *resp)
{
	if (!rca_is_mine(c, arg))
		return 0;
	memcpy(resp, c->regs.cid, 16);
	return 16;
}

static unsigned int send_status(struct sdcard *c, u32 arg, u8 *resp)
{
	(void)resp;
	return rca_is_mine(c, arg) ? 4 : 0;
}

static unsigned int go_inactive(struct sdcard *c, u32 arg, u8 *resp)
{
	(void)resp;
	if (rca_is_mine(c, arg)) {
		sd_xfer_end(c);
		c->state = S_INACTIVE;
	}
	return 0;
}

/* 4.3.4: a block that did not come in whole is dropped. */
static unsigned int stop(struct sdcard *c, u32 arg, u8 *resp)
{
	(void)arg;
	(void)resp;
	c->state = c->state == S_RCV ? sd_write_stop(c) : S_TRAN;
	sd_xfer_end(c);
	return 4;
}

static unsigned int set_blocklen(struct sdcard *c, u32 arg, u8 *resp)
{
	if (!arg || arg > SD_SECTOR)
		return fail(resp, R1_BLOCK_LEN_ERROR);
	c->block_len = arg;
	return 4;
}

/* Where a transfer begins, or the error bit in *@error.  Large cards count blocks. */
static u64 data_address(const struct sdcard *c, u32 arg, u32 *error)
{
	u64 off = c->high_capacity ? (u64)arg * SD_SECTOR : arg;
	u32 len = c->high_capacity ? SD_SECTOR : c->block_len;

	*error = 0;
	if (off >= c->bytes)
		*error = R1_OUT_OF_RANGE;
	else if (off % SD_SECTOR + len > SD_SECTOR)
		*error = R1_ADDRESS_ERROR;
	return off;
}

static unsigned int read_blocks(struct sdcard *c, u32 arg, u8 *resp, u64 blocks)
{
	u32 error;
	u64 off = data_address(c, arg, &error);

	/* Blocks of a multiple read must not cross a boundary of 512 either (4.3.3). */
	if (!error && blocks > 1 && !c->high_capacity &&
	    (SD_SECTOR % c->block_len || off % c->block_len))
		error = R1_ADDRESS_ERROR;
	if (error)
		return fail(resp, error);
	sd_xfer_begin(c, S_DATA, off, blocks);
	sd_read_ahead(c);
	return 4;
}

static unsigned int read_single(struct sdcard *c, u32 arg, u8 *resp)
{
	return read_blocks(c, arg, resp, 1);
}

static unsigned int read_multiple(struct sdcard *c, u32 arg, u8 *resp)
{
	return read_blocks(c, arg, resp, SD_BLOCKS_OPEN);
}

static unsigned int write_blocks(struct sdcard *c, u32 arg, u8 *resp, u64 blocks)
{
	u32 error;
	u64 off = data_address(c, arg, &error);

	/* There is no partial or misaligned write. */
	if (!c->high_capacity && c->block_len != SD_SECTOR)
		error = R1_BLOCK_LEN_ERROR;
	else if (!error && off % SD_SECTOR)
		error = R1_ADDRESS_ERROR;
	else if (!error && write_protected(c))
		error = R1_WP_VIOLATION;
	if (error)
		return fail(resp, error);
	sd_xfer_begin(c, S_RCV, off, blocks);
	c->written = 0;
	return 4;
}

static unsigned int write_single(struct sdcard *c, u32 arg, u8 *resp)
{
	return write_blocks(c, arg, resp, 1);
}

static unsigned int write_multiple(struct sdcard *c, u32 arg, u8 *resp)
{
	return write_blocks(c, arg, resp, SD_BLOCKS_OPEN);
}

static unsigned int program_csd(struct sdcard *c, u32 arg, u8 *resp)
{
	(void)arg;
	(void)resp;
	sd_xfer_begin(c, S_RCV, 0, 0);
	c->from_small = true;
	c->small_len = 16;
	c->xfer_block = 16;
	return 4;
}

/* Erase: 4.3.5. */
static unsigned int erase_first(struct sdcard *c, u32 arg, u8 *resp)
{
	c->erase_start = c->high_capacity ? (u64)arg * SD_SECTOR : arg / SD_SECTOR * SD_SECTOR;
	c->erase_has_end = false;
	c->erase_has_start = c->erase_start < c->bytes;
	return c->erase_has_start ? 4 : fail(resp, R1_OUT_OF_RANGE);
}

static unsigned int erase_last(struct sdcard *c, u32 arg, u8 *resp)
{
	if (!c->erase_has_start)
		return fail(resp, R1_ERASE_SEQ_ERROR);
	c->erase_end = c->high_capacity ? (u64)arg * SD_SECTOR : arg / SD_SECTOR * SD_SECTOR;
	c->erase_has_end = c->erase_end < c->bytes;
	return c->erase_has_end ? 4 : fail(resp, R1_OUT_OF_RANGE);
}

static unsigned int erase_run(struct sdcard *c, u32 arg, u8 *resp)
{
	bool complete = c->erase_has_start && c->erase_has_end;

	(void)arg;
	c->erase_has_start = c->erase_has_end = false;
	if (!complete)
		return fail(resp, R1_ERASE_SEQ_ERROR);
	if (c->erase_end < c->erase_start)
		return fail(resp, R1_ERASE_PARAM);
	if (write_protected(c))
		return fail(resp, R1_WP_VIOLATION);
	sd_erase(c, c->erase_start, c->erase_end + SD_SECTOR - c->erase_start);
	c->state = S_PRG;
	return 4;
}

/* Registers that are read on the data lines. */
static unsigned int send_small(struct sdcard *c, const u8 *data, u32 len)
{
	sd_xfer_begin(c, S_DATA, 0, 0);
	memcpy(c->small, data, len);
	c->from_small = true;
	c->small_len = len;
	c->xfer_block = len;
	return 4;
}

/* 4.3.10: of all functions there are only the two speeds of group 1. */
static unsigned int switch_func(struct sdcard *c, u32 arg, u8 *resp)
{
	u8 status[64] = { 0 };
	bool ok = true;
	unsigned int group, want;

	(void)resp;
	status[1] = 100;	/* mA */
	for (group = 1; group <= 6; group++) {
		u8 *support = &status[2 + 2 * (6 - group)];

		support[0] = 0x80;
		support[1] = group == 1 ? 0x03 : 0x01;
		want = arg >> 4 * (group - 1) & 0xf;
		if (want == 0xf)
			want = group == 1 && c->high_speed;
		else if (want > (group == 1))
			want = 0xf;
		ok = ok && want != 0xf;
		sdcard_set_bits(status, 64, 379 + 4 * (group - 1), 376 + 4 * (group - 1), want);
	}
	if (!ok)
		status[0] = status[1] = 0;
	else if (arg >> 31 && (arg & 0xf) != 0xf)
		c->high_speed = arg & 0xf;
	/* TRAN_SPEED: 50 MHz, or 25 MHz. */
	c->regs.csd[3] = c->high_speed ? 0x5a : 0x32;
	c->regs.csd[15] = sdcard_crc7(c->regs.csd, 15);
	return send_small(c, status, 64);
}

static unsigned int set_bus_width(struct sdcard *c, u32 arg, u8 *resp)
{
	if ((arg & 3) & 1)
		return fail(resp, R1_OUT_OF_RANGE);
	c->wide = arg & 2;
	c->regs.status[0] = c->wide ? 0x80 : 0;
	return 4;
}

static unsigned int sd_status(struct sdcard *c, u32 arg, u8 *resp)
{
	(void)arg;
	(void)resp;
	return send_small(c, c->regs.status, 64);
}

static unsigned int send_num_written(struct sdcard *c, u32 arg, u8 *resp)
{
	u8 n[4];

	(void)arg;
	(void)resp;
	put32(n, c->written);
	return send_small(c, n, 4);
}

static unsigned int send_scr(struct sdcard *c, u32 arg, u8 *resp)
{
	(void)arg;
	(void)resp;
	return send_small(c, c->regs.scr, 8);
}

/* A hint or a switch that has no effect here: ACMD23, ACMD42. */
static unsigned int accept(struct sdcard *c, u32 arg, u8 *resp)
{
	(void)c;
	(void)arg;
	(void)resp;
	return 4;
}

/* Table 4-28; the switch function and lock classes as CCC says. */
static const struct cmd cmds[] = {
	{ 0, false, 0x1ff, go_idle },
	{ 2, false, IN(READY), all_send_cid },
	{ 3, false, IN(IDENT) | IN(STBY), send_rca },
	{ 6, false, IN(TRAN), switch_func },
	{ 7, false, IN_SELECTABLE, select_card },
	{ 8, false, IN(IDLE), send_if_cond },
	{ 9, false, IN(STBY), send_csd },
	{ 10, false, IN(STBY), send_cid },
	{ 12, false, IN(DATA) | IN(RCV), stop },
	{ 13, false, IN_ADDRESSED, send_status },
	{ 15, false, IN_ADDRESSED, go_inactive },
	{ 16, false, IN(TRAN), set_blocklen },
	{ 17, false, IN(TRAN), read_single },
	{ 18, false, IN(TRAN), read_multiple },
	{ 24, false, IN(TRAN), write_single },
	{ 25, false, IN(TRAN), write_multiple },
	{ 27, false, IN(TRAN), program_csd },
	{ 32, false, IN(TRAN), erase_first },
	{ 33, false, IN(TRAN), erase_last },
	{ 38, false, IN(TRAN), erase_run },
	{ 55, false, IN(IDLE) | IN_ADDRESSED, app_cmd },
	{ 6, true, IN(TRAN), set_bus_width },
	{ 13, true, IN(TRAN), sd_status },
	{ 22, true, IN(TRAN), send_num_written },
	{ 23, true, IN(TRAN), accept },
	{ 41, true, IN(IDLE), send_op_cond },
	{ 42, true, IN(TRAN), accept },
	{ 51, true, IN(TRAN), send_scr },
};

/* 4.3.9.1: what is no application command is taken as the ordinary one. */
static const struct cmd *find(unsigned int index, bool app)
{
	for (size_t i = 0; app && i < ARM_ARRAY_SIZE(cmds); i++)
		if (cmds[i].app && cmds[i].index == index)
			return &cmds[i];
	for (size_t i = 0; i < ARM_ARRAY_SIZE(cmds); i++)
		if (!cmds[i].app && cmds[i].index == index)
			return &cmds[i];
	return NULL;
}

/* Any other command ends an erase sequence (4.3.5), but for the status. */
static void erase_sequence(struct sdcard *c, const struct cmd *cmd)
{
	if (!c->erase_has_start || cmd->index == 13 || (cmd->index >= 32 && cmd->index <= 38))
		return;
	c->erase_has_start = c->erase_has_end = false;
	c->status |= R1_ERASE_RESET;
}

unsigned int sdcard_command(struct sdcard *c, unsigned int index, u32 arg, u8 resp[16])
{
	const struct cmd *cmd;
	unsigned int len = 0;

	memset(resp, 0, 16);
	pthread_mutex_lock(&c->lock);
	cmd = find(index, c->app);
	if (c->state != S_INACTIVE && cmd && cmd->states & 1u << c->state) {
		bool shows = cmd->index != 2 && cmd->index != 9 && cmd->index != 10;

		if (!cmd->app)
			c->app = false;
		erase_sequence(c, cmd);
		put32(resp, r1_bits(c));
		len = cmd->run(c, arg, resp);
		if (cmd->app)
			c->app = false;
		if (len == 4 && shows && cmd->index != 8 && !(cmd->app && cmd->index == 41))
			c->status &= ~R1_STICKY;
	} else if (c->state != S_INACTIVE) {
		c->app = false;
		c->status |= R1_ILLEGAL_COMMAND;
	}
	pthread_mutex_unlock(&c->lock);
	return len;
}

