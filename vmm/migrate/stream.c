/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/migrate/stream.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "vmm/host/log.h"

/* The end of line and ^Z show when a terminal or a text mode is on the way. */
static const u8 magic[8] = { 'V', 'A', 'M', 'B', '\r', '\n', 0x1a, 0x8b };

#define HEAD_FIXED 16			/* magic, version, length of the features */
#define FEATURES_MAX 1024
#define FEATURE_MAX 31
#define SECTION_MARK 0x54434553u	/* "SECT" */
#define SECTION_FIXED 17		/* mark, number, version, length, length of the name */
#define SECTION_HEAD_MAX (SECTION_FIXED + STREAM_NAME_MAX)
#define CRC 4
#define BUFFER (128u << 10)
/* A payload from here on goes to the channel from where it is. */
#define DIRECT (32u << 10)

static void put_le32(u8 *at, u32 val)
{
	for (unsigned int i = 0; i < 4; i++)
		at[i] = val >> 8 * i;
}

static u32 le32(const u8 *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (u32)at[3] << 24;
}

/* Visible characters: names go into messages, and those to terminals. */
static bool is_visible(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return len;
}

/* The next word of *@text, which is then behind it; 0 at the end. */
static size_t next_word(const char **text, const char **word)
{
	*text += strspn(*text, " ");
	*word = *text;
	*text += strcspn(*text, " ");
	return *text - *word;
}

static bool has_word(const char *words, const char *word, size_t len)
{
	const char *w;
	size_t n;

	while ((n = next_word(&words, &w)))
		if (n == len && !memcmp(w, word, len))
			return true;
	return false;
}

struct stream_out {
	struct channel *channel;
	u64 bytes;
	u32 number;		/* of the next section */
	int error;		/* of the channel; part of a section may be out */
	size_t len;
	u8 buffer[BUFFER];
};

static int drain(struct stream_out *s)
{
	if (!s->error && s->len)
		s->error = channel_write(s->channel, s->buffer, s->len);
	s->len = 0;
	return s->error;
}

static int put(struct stream_out *s, const void *data, size_t len)
{
	if (s->error || !len)
		return s->error;
	if (len >= DIRECT || len > BUFFER - s->len)
		drain(s);
	if (len < DIRECT) {
		memcpy(s->buffer + s->len, data, len);
		s->len += len;
	} else if (!s->error) {
		s->error = channel_write(s->channel, data, len);
	}
	s->bytes += len;
	return s->error;
}

static bool features_are_good(const char *features)
{
	const char *word;
	size_t len;

	if (strlen(features) > FEATURES_MAX)
		return false;
	while ((len = next_word(&features, &word)))
		if (len > FEATURE_MAX || !is_visible(word, len))
			return false;
	return true;
}

int stream_out_create(struct channel *c, const char *features, struct stream_out **out)
{
	struct stream_out *s;
	u8 head[HEAD_FIXED], crc[CRC];
	size_t len = strlen(features);
	u32 sum;
	int ret;

	if (!features_are_good(features))
		return -EINVAL;
	s = malloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->channel = c;
	s->bytes = s->len = s->number = s->error = 0;
	memcpy(head, magic, sizeof(magic));
	put_le32(head + 8, STREAM_VERSION);
	put_le32(head + 12, len);
	sum = crc32_z(0, head, sizeof(head));
	put_le32(crc, crc32_z(sum, (const u8 *)features, len));
	put(s, head, sizeof(head));
	put(s, features, len);
	put(s, crc, sizeof(crc));
	/* At once: the other side may be waiting for it before it says something itself. */
	ret = drain(s);
	if (ret)
		stream_out_free(s);
	else
		*out = s;
	return ret;
}

void stream_out_free(struct stream_out *s)
{
	free(s);
}

int stream_out_section(struct stream_out *s, const char *name, u32 version, const struct bytes_out *b)
{
	size_t name_len = strlen(name);
	u8 head[SECTION_HEAD_MAX + CRC], crc[CRC];
	u32 sum;

	if (b->error)
		return b->error;
	if (name_len > STREAM_NAME_MAX || !is_visible(name, name_len))
		return -EINVAL;
	if (b->len > STREAM_SECTION_MAX)
		return -E2BIG;
	put_le32(head, SECTION_MARK);
	put_le32(head + 4, s->number);
	put_le32(head + 8, version);
	put_le32(head + 12, b->len);
	head[16] = name_len;
	memcpy(head + SECTION_FIXED, name, name_len);
	sum = crc32_z(0, head, SECTION_FIXED + name_len);
	put_le32(head + SECTION_FIXED + name_len, sum);
	put_le32(crc, b->len ? crc32_z(sum, b->data, b->len) : sum);
	put(s, head, SECTION_FIXED + name_len + CRC);
	put(s, b->data, b->len);
	put(s, crc, sizeof(crc));
	s->number++;
	return s->error;
}

int stream_out_flush(struct stream_out *s)
{
	return drain(s);
}

u64 stream_out_bytes(const struct stream_out *s)
{
	return s->bytes;
}

struct stream_in {
	struct channel *channel;
	u64 bytes;
	u32 number;		/* that the next section must have */
	u8 *payload;		/* of the section that was read last */
	size_t room;
};

/* What the channel said, as a sentence; @what: the part of the stream. */
static int read_failed(struct stream_in *s, int ret, const char *what, char **err)
{
	switch (ret) {
	case -ENODATA:
	case -EPIPE:
		return err_set(err, -EPIPE, "the stream ends in the middle of %s, after %llu bytes; the sender went "
			       "away, or the file is not whole", what, (unsigned long long)s->bytes);
	case -ECANCELED:
		return err_set(err, ret, "cancelled");
	case -ETIMEDOUT:
		return err_set(err, ret, "nothing arrived for too long, in the middle of %s; is the connection or the "
			       "sender stuck?", what);
	default:
		return err_set(err, ret, "%s cannot be read (%s)", what, strerror(-ret));
	}
}

static int get(struct stream_in *s, void *data, size_t len, const char *what, char **err)
{
	int ret = len ? channel_read(s->channel, data, len) : 0;

	if (ret)
		return read_failed(s, ret, what, err);
	s->bytes += len;
	return 0;
}

/* Every feature that the stream uses must be one of ours. */
static int check_features(const char *theirs, size_t len, const char *ours, char **err)
{
	const char *at = theirs, *word;
	size_t n;

	if (strlen(theirs) != len || !features_are_good(theirs))
		return err_set(err, -EBADMSG, "the stream's list of features is damaged");
	while ((n = next_word(&at, &word)))
		if (!has_word(ours, word, n))
			return err_set(err, -EPROTONOSUPPORT, "the stream uses \"%.*s\", which is not known or not "
				       "wanted here; use the vambrace that wrote it, or a newer one", (int)n, word);
	return 0;
}

/* The layout of the header is the same in every version, so that each can say what it does not know. */
static int get_header(struct stream_in *s, const char *features, char **err)
{
	static const char what[] = "the stream's header";
	u8 head[HEAD_FIXED], crc[CRC];
	char theirs[FEATURES_MAX + 1];
	u32 len, version;
	int ret = get(s, head, sizeof(head), what, err);

	if (ret)
		return ret;
	if (memcmp(head, magic, sizeof(magic)))
		return err_set(err, -EBADMSG, "this is no stream of vambrace: it does not begin like one; if a "
			       "command is between the sides, does it print something, or change ends of lines as a "
			       "terminal does (ssh -t)?");
	version = le32(head + 8);
	len = le32(head + 12);
	if (len > FEATURES_MAX)
		return err_set(err, -EBADMSG, "the stream's header is damaged: a list of features of %u bytes",
			       (unsigned int)len);
	ret = get(s, theirs, len, what, err);
	if (!ret)
		ret = get(s, crc, sizeof(crc), what, err);
	if (ret)
		return ret;
	theirs[len] = 0;
	if (crc32_z(crc32_z(0, head, sizeof(head)), (const u8 *)theirs, len) != le32(crc))
		return err_set(err, -EBADMSG, "the stream's header is damaged: its checksum is wrong");
	if (!version || version > STREAM_VERSION)
		return err_set(err, -EPROTONOSUPPORT, "the stream has version %u of the format, and this program "
			       "knows those up to %u; use a newer vambrace", (unsigned int)version, STREAM_VERSION);
	return check_features(theirs, len, features, err);
}

int stream_in_create(struct channel *c, const char *features, struct stream_in **out, char **err)
{
	struct stream_in *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return err_set(err, -ENOMEM, "out of memory");
	s->channel = c;
	ret = get_header(s, features, err);
	if (ret)
		stream_in_free(s);
	else
		*out = s;
	return ret;
}

void stream_in_free(struct stream_in *s)
{
	if (!s)
		return;
	free(s->payload);
	free(s);
}

/* What precedes the payload, with a checksum of its own: nobody waits for bytes that a damaged length promises. */
static int get_section_head(struct stream_in *s, struct stream_section *out, u32 *len, u32 *sum, char **err)
{
	static const char what[] = "the head of a section";
	u8 head[SECTION_FIXED], rest[STREAM_NAME_MAX + CRC];
	unsigned int name_len;
	int ret = channel_read(s->channel, head, 1);

	if (ret == -ENODATA)
		return err_set(err, ret, "the stream ends here, after %llu bytes", (unsigned long long)s->bytes);
	if (ret)
		return read_failed(s, ret, what, err);
	s->bytes++;
	ret = get(s, head + 1, sizeof(head) - 1, what, err);
	if (ret)
		return ret;
	name_len = head[16];
	if (le32(head) != SECTION_MARK || !name_len || name_len > STREAM_NAME_MAX)
		return err_set(err, -EBADMSG, "the stream is damaged: no section begins %llu bytes into it",
			       (unsigned long long)(s->bytes - sizeof(head)));
	ret = get(s, rest, name_len + CRC, what, err);
	if (ret)
		return ret;
	*sum = crc32_z(crc32_z(0, head, sizeof(head)), rest, name_len);
	if (*sum != le32(rest + name_len))
		return err_set(err, -EBADMSG, "the stream is damaged: the checksum of a section's head, %llu bytes "
			       "into it, is wrong", (unsigned long long)(s->bytes - sizeof(head) - name_len - CRC));
	if (!is_visible((char *)rest, name_len))
		return err_set(err, -EBADMSG, "the stream is damaged: a section's name is not visible characters");
	memcpy(out->name, rest, name_len);
	out->name[name_len] = 0;
	if (le32(head + 4) != s->number)
		return err_set(err, -EBADMSG, "the stream is damaged: section %s is number %u and should be %u",
			       out->name,
			       (unsigned int)le32(head + 4), (unsigned int)s->number);
	out->version = le32(head + 8);
	*len = le32(head + 12);
	if (*len > STREAM_SECTION_MAX)
		return err_set(err, -EBADMSG, "section %s: %u bytes are more than a section may have (%u)", out->name,
			       (unsigned int)*len, STREAM_SECTION_MAX);
	return 0;
}

int stream_in_section(struct stream_in *s, struct stream_section *out, char **err)
{
	char what[STREAM_NAME_MAX + 16];
	u32 len = 0, sum = 0;
	u8 crc[CRC], *payload;
	int ret = get_section_head(s, out, &len, &sum, err);

	if (ret)
		return ret;
	if (len > s->room) {
		payload = realloc(s->payload, len);
		if (!payload)
			return err_set(err, -ENOMEM, "section %s: no memory for its %u bytes", out->name,
				       (unsigned int)len);
		s->payload = payload;
		s->room = len;
	}
	strcpy(stpcpy(what, "section "), out->name);
	ret = get(s, s->payload, len, what, err);
	if (!ret)
		ret = get(s, crc, sizeof(crc), what, err);
	if (ret)
		return ret;
	if (len)
		sum = crc32_z(sum, s->payload, len);
	if (sum != le32(crc))
		return err_set(err, -EBADMSG, "section %s is damaged: its checksum is wrong", out->name);
	s->number++;
	out->bytes = (struct bytes_in){ .data = s->payload, .len = len };
	return 0;
}

u64 stream_in_bytes(const struct stream_in *s)
{
	return s->bytes;
}
