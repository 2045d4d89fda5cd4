/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each chip has a state machine of its own; a bus access of 32 bits is one for
 * both, and software gives the same command to both.  Programming and erasing
 * take no time, so a status is always "ready".
 */
#include "vmm/dev/cfi_flash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vmm/host/image.h"
#include "vmm/host/log.h"

#define CHIPS 2
#define BLOCK_WORDS (CFI_FLASH_SECTOR / CHIPS / 2)	/* 16-bit words of one chip */
#define BUFFER_WORDS 256				/* of one chip: its write buffer */
#define BUFFER_LOG2 9					/* of its bytes */

#define MANUFACTURER 0x89	/* Intel */
#define DEVICE 0x8919		/* 28F256P30, top boot */

/* Status register */
#define SR_READY 0x80u
#define SR_ERASE_ERROR 0x20u
#define SR_PROGRAM_ERROR 0x10u
#define SR_LOCKED 0x02u
#define SR_ERRORS (SR_ERASE_ERROR | SR_PROGRAM_ERROR | SR_LOCKED)

enum view {
	VIEW_ARRAY,
	VIEW_STATUS,
	VIEW_ID,
	VIEW_CFI,
	VIEWS,
};

/* The second cycle that a command waits for. */
enum wait {
	WAIT_NONE,
	WAIT_PROGRAM,
	WAIT_ERASE,
	WAIT_LOCK,
	WAIT_BUFFER_COUNT,
	WAIT_BUFFER_DATA,
	WAIT_BUFFER_CONFIRM,
	WAITS,
};

struct chip {
	u8 view;			/* enum view */
	u8 wait;			/* enum wait */
	u16 status;
	u64 block;			/* of the buffer */
	u32 count, got;			/* words of the buffer */
	u64 buffer_at[BUFFER_WORDS];
	u16 buffer[BUFFER_WORDS];
};

struct cfi_flash {
	struct device dev;
	u64 size;
	u64 blocks;
	struct image *img;
	pthread_mutex_t lock;		/* everything below */
	/* The contents, inverted: what is blank is zero and takes no memory. */
	u8 *inverted;
	u8 unlocked[CHIPS][CFI_FLASH_BLOCKS_MAX];	/* a byte per block */
	struct chip chip[CHIPS];
	/* Of a flash without a file: something has been programmed. */
	bool used;
	bool has_file;			/* for the save table */
};

/* JESD68.01 and AP-646: bytes of the query from word 0x10. */
static const u8 query[] = {
	'Q', 'R', 'Y', 0x01, 0x00, 0x31, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x17, 0x20, 0x85, 0x95,		/* 0x1b: VCC 1.7..2.0 V, VPP 8.5..9.5 V */
	0x08, 0x09, 0x0a, 0x00,		/* 2^n us: word, buffer; 2^n ms: block; no chip erase */
	0x01, 0x01, 0x02, 0x00,		/* largest, as 2^n times those */
	0x00,				/* 0x27: size of the chip, below */
	0x01, 0x00,			/* x16 */
	BUFFER_LOG2, 0x00,
	0x01,				/* one region of equal blocks: */
	0x00, 0x00,			/* 0x2d: number minus one, below */
	CFI_FLASH_SECTOR / CHIPS / 256 & 0xff, CFI_FLASH_SECTOR / CHIPS / 256 >> 8,
	'P', 'R', 'I', '1', '1',	/* 0x31 */
	0xe6, 0x00, 0x00, 0x00,		/* suspend, instant block locking, protection, page reads */
	0x01,				/* programs while erase is suspended */
	0x03, 0x00,			/* block status: lock, lock-down */
	0x18, 0x90,			/* best VCC and VPP */
	0x00,				/* no protection registers */
};

#define QUERY_START 0x10
#define QUERY_SIZE 0x27
#define QUERY_BLOCKS 0x2d

static u16 query_word(const struct cfi_flash *f, u64 word)
{
	u64 chip_bytes = f->size / CHIPS, i = word - QUERY_START;

	switch (word) {
	case QUERY_SIZE:
		return __builtin_ctzll(chip_bytes);
	case QUERY_BLOCKS:
		return (f->blocks - 1) & 0xff;
	case QUERY_BLOCKS + 1:
		return (f->blocks - 1) >> 8;
	}
	return i < sizeof(query) ? query[i] : 0;
}

static u16 id_word(const struct cfi_flash *f, unsigned int n, u64 word)
{
	switch (word % BLOCK_WORDS) {
	case 0:
		return MANUFACTURER;
	case 1:
		return DEVICE;
	case 2:
		return !f->unlocked[n][word / BLOCK_WORDS];
	}
	return 0;
}

static u8 *word_at(struct cfi_flash *f, unsigned int n, u64 word)
{
	return f->inverted + word * 4 + n * 2;
}

static u16 chip_read(struct cfi_flash *f, unsigned int n, u64 word)
{
	const struct chip *c = &f->chip[n];
	u16 v;

	switch (c->view) {
	case VIEW_ARRAY:
		memcpy(&v, word_at(f, n, word), 2);
		return ~v;
	case VIEW_STATUS:
		return c->status;
	case VIEW_ID:
		return id_word(f, n, word);
	case VIEW_CFI:
		return query_word(f, word & 0xff);
	}
	return 0;
}

/* Writes [@off, @off + @len) of the pair to the file, at most a block.  0 or -errno. */
static int save(struct cfi_flash *f, u64 off, u64 len)
{
	u8 plain[4096];
	int ret = 0;

	if (!f->img)
		return 0;
	for (u64 done = 0; done < len && !ret; done += sizeof(plain)) {
		u64 n = len - done < sizeof(plain) ? len - done : sizeof(plain);
		struct iovec iov = { plain, n };

		for (u64 i = 0; i < n; i++)
			plain[i] = ~f->inverted[off + done + i];
		ret = image_writev(f->img, &iov, 1, off + done);
	}
	return ret;
}

/* Programming clears bits, and never sets one. */
static void program(struct cfi_flash *f, unsigned int n, u64 word, u16 val)
{
	struct chip *c = &f->chip[n];
	u16 inv;

	if (!f->unlocked[n][word / BLOCK_WORDS]) {
		c->status |= SR_PROGRAM_ERROR | SR_LOCKED;
		return;
	}
	memcpy(&inv, word_at(f, n, word), 2);
	inv |= ~val;
	memcpy(word_at(f, n, word), &inv, 2);
	f->used |= !f->img && inv;
	if (save(f, word * 4, 4))
		c->status |= SR_PROGRAM_ERROR;
}

static void erase(struct cfi_flash *f, unsigned int n, u64 word)
{
	struct chip *c = &f->chip[n];
	u64 first = word / BLOCK_WORDS * BLOCK_WORDS;

	if (!f->unlocked[n][word / BLOCK_WORDS]) {
		c->status |= SR_ERASE_ERROR | SR_LOCKED;
		return;
	}
	for (u64 i = 0; i < BLOCK_WORDS; i++)
		memset(word_at(f, n, first + i), 0, 2);
	if (save(f, first * 4, CFI_FLASH_SECTOR))
		c->status |= SR_ERASE_ERROR;
}

static void first_cycle(struct chip *c, u64 word, u16 cmd)
{
	static const struct {
		u8 cmd, view, wait;
	} rows[] = {
		{ 0xff, VIEW_ARRAY, WAIT_NONE },
		{ 0x70, VIEW_STATUS, WAIT_NONE },
		{ 0x90, VIEW_ID, WAIT_NONE },
		{ 0x98, VIEW_CFI, WAIT_NONE },
		{ 0x40, VIEW_STATUS, WAIT_PROGRAM },
		{ 0x10, VIEW_STATUS, WAIT_PROGRAM },
		{ 0x20, VIEW_STATUS, WAIT_ERASE },
		{ 0x60, VIEW_STATUS, WAIT_LOCK },
		{ 0xe8, VIEW_STATUS, WAIT_BUFFER_COUNT },
		/* Nothing is ever under way that could be suspended or resumed. */
		{ 0xb0, VIEW_STATUS, WAIT_NONE },
		{ 0xd0, VIEW_STATUS, WAIT_NONE },
	};

	cmd &= 0xff;
	if (cmd == 0x50)
		c->status &= ~SR_ERRORS;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(rows); i++)
		if (rows[i].cmd == cmd) {
			c->view = rows[i].view;
			c->wait = rows[i].wait;
		}
	if (c->wait == WAIT_BUFFER_COUNT)
		c->block = word / BLOCK_WORDS;
}

static void lock_cycle(struct cfi_flash *f, unsigned int n, u64 word, u16 val)
{
	struct chip *c = &f->chip[n];

	switch (val & 0xff) {
	case 0x01:
	case 0x2f:	/* lock-down: with its pin high it is a lock */
		f->unlocked[n][word / BLOCK_WORDS] = 0;
		break;
	case 0xd0:
		f->unlocked[n][word / BLOCK_WORDS] = 1;
		break;
	case 0x03:	/* the configuration register, in the address: of synchronous reads */
		break;
	default:
		c->status |= SR_PROGRAM_ERROR | SR_ERASE_ERROR;
	}
}

static void buffer_data(struct chip *c, u64 word, u16 val)
{
	c->buffer_at[c->got] = word;
	c->buffer[c->got++] = val;
	if (c->got == c->count)
		c->wait = WAIT_BUFFER_CONFIRM;
}

static void buffer_confirm(struct cfi_flash *f, unsigned int n, u16 val)
{
	struct chip *c = &f->chip[n];

	c->wait = WAIT_NONE;
	if ((val & 0xff) != 0xd0) {
		c->status |= SR_PROGRAM_ERROR | SR_ERASE_ERROR;
		return;
	}
	for (unsigned int i = 0; i < c->got; i++) {
		if (c->buffer_at[i] / BLOCK_WORDS == c->block)
			program(f, n, c->buffer_at[i], c->buffer[i]);
		else
			c->status |= SR_PROGRAM_ERROR;
	}
}

static void chip_write(struct cfi_flash *f, unsigned int n, u64 word, u16 val)
{
	struct chip *c = &f->chip[n];
	u8 wait = c->wait;

	switch (wait) {
	case WAIT_BUFFER_COUNT:
		c->count = (val & 0xff) + 1u;
		c->got = 0;
		c->wait = WAIT_BUFFER_DATA;
		return;
	case WAIT_BUFFER_DATA:
		buffer_data(c, word, val);
		return;
	case WAIT_BUFFER_CONFIRM:
		buffer_confirm(f, n, val);
		return;
	default:
		c->wait = WAIT_NONE;
	}
	switch (wait) {
	case WAIT_PROGRAM:
		program(f, n, word, val);
		break;
	case WAIT_ERASE:
		if ((val & 0xff) == 0xd0)
			erase(f, n, word);
		else
			c->status |= SR_PROGRAM_ERROR | SR_ERASE_ERROR;
		break;
	case WAIT_LOCK:
		lock_cycle(f, n, word, val);
		break;
	default:
		first_cycle(c, word, val);
	}
}

static enum arm_result flash_read(struct device *dev, unsigned int cpu, u64 off, unsigned int size, u64 *val)
{
	struct cfi_flash *f = (struct cfi_flash *)dev;
	u32 both;

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	pthread_mutex_lock(&f->lock);
	both = chip_read(f, 0, off / 4) | (u32)chip_read(f, 1, off / 4) << 16;
	pthread_mutex_unlock(&f->lock);
	both >>= 8 * (off & 3);
	*val = size == 4 ? both : both & ((1u << 8 * size) - 1);
	return ARM_HANDLED;
}

/* A byte that is written gives half of a word, the other half of which is not driven: ones. */
static enum arm_result flash_write(struct device *dev, unsigned int cpu, u64 off, unsigned int size, u64 val)
{
	struct cfi_flash *f = (struct cfi_flash *)dev;
	u16 v = size == 1 ? off & 1 ? val << 8 | 0xff : val | 0xff00 : val;

	(void)cpu;
	if (size == 8)
		return ARM_NOT_MINE;
	pthread_mutex_lock(&f->lock);
	if (size == 4 || !(off & 2))
		chip_write(f, 0, off / 4, v);
	if (size == 4 || off & 2)
		chip_write(f, 1, off / 4, size == 4 ? val >> 16 : v);
	pthread_mutex_unlock(&f->lock);
	return ARM_HANDLED;
}

static void chips_reset(struct cfi_flash *f)
{
	for (unsigned int i = 0; i < CHIPS; i++) {
		f->chip[i] = (struct chip){ .view = VIEW_ARRAY, .status = SR_READY };
		memset(f->unlocked[i], 0, sizeof(f->unlocked[i]));
	}
}

static void flash_reset(struct device *dev)
{
	struct cfi_flash *f = (struct cfi_flash *)dev;

	pthread_mutex_lock(&f->lock);
	chips_reset(f);
	pthread_mutex_unlock(&f->lock);
}

static void flash_free(struct device *dev)
{
	struct cfi_flash *f = (struct cfi_flash *)dev;

	if (f->img) {
		image_flush(f->img);
		image_close(f->img);
	}
	if (f->inverted)
		munmap(f->inverted, f->size);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

/* Pages that are right already stay untouched: at first, the blank ones. */
static int load(struct cfi_flash *f, struct image *img)
{
	u8 page[4096];
	u64 size = image_size(img);

	for (u64 off = 0; off < size; off += sizeof(page)) {
		u64 n = size - off < sizeof(page) ? size - off : sizeof(page);
		struct iovec iov = { page, n };
		int ret = image_readv(img, &iov, 1, off);
		bool same = true;

		if (ret)
			return ret;
		for (u64 i = 0; i < n; i++)
			same &= (page[i] ^ f->inverted[off + i]) == 0xff;
		for (u64 i = 0; i < n && !same; i++)
			f->inverted[off + i] = ~page[i];
	}
	return 0;
}

/*
 * Contents do not move in here: they are in the file, which both sides share or
 * which was copied.
 */
static const struct save_field chip_fields[] = {
	SAVE_MAX(struct chip, view, VIEWS - 1),
	SAVE_MAX(struct chip, wait, WAITS - 1),
	SAVE(struct chip, status),
	SAVE(struct chip, block),
	SAVE_MAX(struct chip, count, BUFFER_WORDS),
	SAVE_MAX(struct chip, got, BUFFER_WORDS),
	SAVE_ARRAY(struct chip, buffer_at),
	SAVE_ARRAY(struct chip, buffer),
	SAVE_LAST,
};

static const struct save_field fields[] = {
	SAVE_BUFFER(struct cfi_flash, unlocked),
	SAVE_SUBS(struct cfi_flash, chip, chip_fields),
	SAVE(struct cfi_flash, has_file),
	SAVE(struct cfi_flash, used),
	SAVE_LAST,
};

static void flash_before(void *obj)
{
	struct cfi_flash *f = obj;

	f->has_file = f->img;
}

static bool chip_ok(const struct cfi_flash *f, const struct chip *c)
{
	if (c->block >= f->blocks || (c->wait == WAIT_BUFFER_DATA && c->got >= c->count))
		return false;
	for (unsigned int i = 0; i < c->got; i++)
		if (c->buffer_at[i] >= f->size / 4)
			return false;
	return true;
}

static int flash_after(void *obj, char **err)
{
	struct cfi_flash *f = obj;
	bool had_file = f->has_file;
	int ret;

	flash_before(f);
	for (unsigned int i = 0; i < CHIPS; i++)
		if (!chip_ok(f, &f->chip[i]))
			return err_set(err, -EINVAL, "cfi-flash: the write buffer of chip %u has addresses outside of"
				       " it; the stream is damaged", i);
	if (f->used)
		return err_set(err, -EINVAL, "cfi-flash: the guest has written to flash memory that is not in a file,"
			       " and so cannot be moved; start it with --flash FILE");
	if (had_file != f->has_file)
		return err_set(err, -EINVAL, "cfi-flash: the guest's flash memory is %s a file, and the one here is"
			       " not; start both sides with the same --flash", had_file ? "in" : "without");
	/* What was read when it was opened may be old. */
	ret = f->img ? load(f, f->img) : 0;
	return ret ? err_set(err, ret, "cfi-flash: cannot read its file again: %s", strerror(-ret)) : 0;
}

static const struct save_table table = {
	.name = "cfi-flash", .version = 1, .fields = fields, .before = flash_before, .after = flash_after,
};

static const struct device_ops flash_ops = {
	.name = "cfi-flash",
	.read = flash_read,
	.write = flash_write,
	.reset = flash_reset,
	.free = flash_free,
	.table = &table,
};

int cfi_flash_create(struct image *img, u64 size, struct device **out)
{
	struct cfi_flash *f = calloc(1, sizeof(*f));
	int ret = -ENOMEM;

	if (!f)
		return -ENOMEM;
	pthread_mutex_init(&f->lock, NULL);
	f->dev.ops = &flash_ops;
	f->size = size;
	f->blocks = size / CFI_FLASH_SECTOR;
	f->inverted = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (f->inverted == MAP_FAILED)
		f->inverted = NULL;
	if (f->inverted && f->blocks > CFI_FLASH_BLOCKS_MAX)
		ret = -EFBIG;
	else if (f->inverted)
		ret = img && image_size(img) > size ? -EFBIG : img ? load(f, img) : 0;
	if (ret) {
		flash_free(&f->dev);
		return ret;
	}
	f->img = img;
	chips_reset(f);
	*out = &f->dev;
	return 0;
}
