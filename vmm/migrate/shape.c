/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/migrate/shape.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmm/host/log.h"
#include "vmm/host/words.h"

/* Words of the enums, also of hosts' options. */
static const char *const consoles[] = { [CONSOLE_NONE] = "none", [CONSOLE_VIRTIO] = "virtio" };
static const char *const nics[] = { [NIC_VIRTIO] = "virtio", [NIC_LAN9118] = "lan9118" };
static const char *const off_on[] = { "off", "on" };

/* Texts end on terminals, in messages: none with control characters is written or read. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

/* ---- writing ---- */

static void write_path(FILE *f, const char *name, const char *path)
{
	char *full = realpath(path, NULL), *word = words_join(&full, !!full);

	/* A file that is gone cannot be found there again. */
	if (full && word && is_plain(full))
		fprintf(f, "%s-path=%s\n", name, word);
	free(word);
	free(full);
}

static void write_image(FILE *f, const char *name, const char *path, bool readonly, bool snapshot)
{
	fprintf(f, "%s=%s\n", name, readonly ? "ro" : "rw");
	if (snapshot)
		write_path(f, name, path);
}

void shape_write(const struct vm_config *cfg, bool snapshot, struct bytes_out *b)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f) {
		b->error = b->error ? b->error : -ENOMEM;
		return;
	}
	fprintf(f, "machine=%s\ncpu=%s\nengine=%s\ncpus=%u\nmemory=%lluM\nconsole=%s\nnic=%s\nrng=%s\n",
		cfg->machine->name, cfg->model->name, config_engine_name(cfg->engine), cfg->cpus,
		(unsigned long long)(cfg->memory >> 20), consoles[cfg->console],
		cfg->net == NET_NONE ? "none" : nics[cfg->nic], off_on[cfg->rng]);
	if (snapshot)
		fprintf(f, "saved=%llu\n", (unsigned long long)time(NULL));
	for (unsigned int i = 0; i < cfg->ndisks; i++) {
		char *const serial = cfg->disks[i].serial;
		char *word = serial && is_plain(serial) ? words_join(&serial, 1) : NULL;

		write_image(f, "disk", cfg->disks[i].path, cfg->disks[i].readonly, snapshot);
		if (word)
			fprintf(f, "disk-serial=%s\n", word);
		free(word);
	}
	if (cfg->sd.path)
		write_image(f, "sd", cfg->sd.path, cfg->sd.readonly, snapshot);
	for (unsigned int i = 0; i < cfg->nflash; i++)
		write_image(f, "flash", cfg->flash[i].path, cfg->flash[i].readonly, snapshot);
	if (!fclose(f))
		bytes_put(b, text, len);
	else
		b->error = b->error ? b->error : -ENOMEM;
	free(text);
}

/* ---- reading ---- */

static int find_word(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(words[i], word))
			return i;
	return -EINVAL;
}

/* Decimal digits alone, at most @max. */
static int read_number(const char *text, u64 max, u64 *out)
{
	char *end;

	errno = 0;
	if (!isdigit((unsigned char)*text) || strlen(text) > 20)
		return -EINVAL;
	*out = strtoull(text, &end, 10);
	return errno || *end || *out > max ? -EINVAL : 0;
}

static int read_machine(struct shape *s, char *val)
{
	s->machine = machine_type_find(val);
	return s->machine ? 0 : -EINVAL;
}

/* A name to show and to look up: lower-case letters and the like. */
static int read_name(char *out, size_t room, const char *val)
{
	size_t len = strlen(val);

	if (!len || len >= room || strspn(val, "abcdefghijklmnopqrstuvwxyz0123456789-_") != len)
		return -EINVAL;
	memcpy(out, val, len + 1);
	return 0;
}

static int read_cpu(struct shape *s, char *val)
{
	return read_name(s->cpu, sizeof(s->cpu), val);
}

static int read_engine(struct shape *s, char *val)
{
	return read_name(s->engine, sizeof(s->engine), val);
}

static int read_cpus(struct shape *s, char *val)
{
	u64 n;
	int ret = read_number(val, ACCEL_MAX_CPUS, &n);

	s->cpus = ret ? 0 : n;
	return ret || !n ? -EINVAL : 0;
}

static int read_memory(struct shape *s, char *val)
{
	size_t len = strlen(val);
	u64 mib;

	if (!len || val[len - 1] != 'M')
		return -EINVAL;
	val[len - 1] = 0;
	if (read_number(val, CONFIG_MAX_MEMORY >> 20, &mib) || mib < CONFIG_MIN_MEMORY >> 20)
		return -EINVAL;
	s->memory = mib << 20;
	return 0;
}

static int read_console(struct shape *s, char *val)
{
	int n = find_word(consoles, ARM_ARRAY_SIZE(consoles), val);

	s->console = n < 0 ? CONSOLE_NONE : n;
	return n < 0 ? n : 0;
}

static int read_nic(struct shape *s, char *val)
{
	int n = find_word(nics, ARM_ARRAY_SIZE(nics), val);

	s->has_nic = strcmp(val, "none");
	s->nic = n < 0 ? NIC_VIRTIO : n;
	return s->has_nic && n < 0 ? n : 0;
}

static int read_rng(struct shape *s, char *val)
{
	int n = find_word(off_on, ARM_ARRAY_SIZE(off_on), val);

	s->rng = n > 0;
	return n < 0 ? n : 0;
}

static int read_saved(struct shape *s, char *val)
{
	return read_number(val, (u64)LONG_MAX >> 8, &s->saved);
}

static int read_image(struct shape_image *img, const char *val)
{
	img->readonly = !strcmp(val, "ro");
	return img->readonly || !strcmp(val, "rw") ? 0 : -EINVAL;
}

/* Once for each, and absolute: where this process happens to stand means nothing. */
static int read_path(struct shape_image *img, char *val)
{
	words_unpack(val);
	if (!img || img->path || *val != '/' || strlen(val) >= PATH_MAX || !is_plain(val))
		return -EINVAL;
	img->path = strdup(val);
	return img->path ? 0 : -ENOMEM;
}

static int read_disk(struct shape *s, char *val)
{
	return s->ndisks < CONFIG_MAX_DISKS ? read_image(&s->disks[s->ndisks++], val) : -EINVAL;
}

static struct shape_image *last_disk(struct shape *s)
{
	return s->ndisks ? &s->disks[s->ndisks - 1] : NULL;
}

static int read_disk_path(struct shape *s, char *val)
{
	return read_path(last_disk(s), val);
}

static int read_disk_serial(struct shape *s, char *val)
{
	struct shape_image *disk = last_disk(s);

	words_unpack(val);
	if (!disk || *disk->serial || !*val || strlen(val) > SHAPE_SERIAL_MAX || !is_plain(val))
		return -EINVAL;
	strcpy(disk->serial, val);
	return 0;
}

static int read_sd(struct shape *s, char *val)
{
	s->has_sd = true;
	return read_image(&s->sd, val);
}

static int read_sd_path(struct shape *s, char *val)
{
	return read_path(s->has_sd ? &s->sd : NULL, val);
}

static int read_flash(struct shape *s, char *val)
{
	return s->nflash < MACHINE_FLASHES ? read_image(&s->flash[s->nflash++], val) : -EINVAL;
}

static int read_flash_path(struct shape *s, char *val)
{
	return read_path(s->nflash ? &s->flash[s->nflash - 1] : NULL, val);
}

/* Lines that come after a disk (path, serial) are about the last one. */
static const struct row {
	const char *name;
	int (*read)(struct shape *s, char *val);	/* -EINVAL: no value for it */
	bool needed, many;
} rows[] = {
	{ "machine", read_machine, true, false },
	{ "cpu", read_cpu, true, false },
	{ "engine", read_engine, true, false },
	{ "cpus", read_cpus, true, false },
	{ "memory", read_memory, true, false },
	{ "console", read_console, true, false },
	{ "nic", read_nic, true, false },
	{ "rng", read_rng, true, false },
	{ "saved", read_saved, false, false },
	{ "disk", read_disk, false, true },
	{ "disk-path", read_disk_path, false, true },
	{ "disk-serial", read_disk_serial, false, true },
	{ "sd", read_sd, false, false },
	{ "sd-path", read_sd_path, false, true },
	{ "flash", read_flash, false, true },
	{ "flash-path", read_flash_path, false, true },
};

static int read_line(struct shape *s, char *line, char **err)
{
	char *val = strchr(line, '='), shown[64];

	words_pack(shown, sizeof(shown), line);
	if (!val)
		return err_set(err, -EBADMSG, "the machine's description has a line without '=': '%s'", shown);
	*val++ = 0;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(rows); i++) {
		int ret;

		if (strcmp(rows[i].name, line))
			continue;
		if (!rows[i].many && (s->seen & ARM_BIT(i)))
			return err_set(err, -EBADMSG, "the machine's description has '%s' twice", line);
		s->seen |= ARM_BIT(i);
		ret = rows[i].read(s, val);
		return ret == -EINVAL ? err_set(err, ret, "the guest's machine has '%s', which no machine of this "
						"program can have", shown) : ret;
	}
	return err_set(err, -EINVAL, "the guest's machine has '%s', which this version does not know", shown);
}

static int check_complete(const struct shape *s, char **err)
{
	for (size_t i = 0; i < ARM_ARRAY_SIZE(rows); i++)
		if (rows[i].needed && !(s->seen & ARM_BIT(i)))
			return err_set(err, -EBADMSG, "the machine's description lacks '%s'", rows[i].name);
	return 0;
}

int shape_read(const char *text, size_t len, struct shape *out, char **err)
{
	char *copy, *next, *line;
	int ret = 0;

	memset(out, 0, sizeof(*out));
	if (len > SHAPE_TEXT_MAX || memchr(text, 0, len))
		return err_set(err, -EBADMSG, "the machine's description is no text of at most %d bytes",
			       SHAPE_TEXT_MAX);
	next = copy = strndup(text, len);
	if (!copy)
		return -ENOMEM;
	while (!ret && (line = strsep(&next, "\n")))
		if (*line)
			ret = read_line(out, line, err);
	free(copy);
	return ret ? ret : check_complete(out, err);
}

void shape_free(struct shape *s)
{
	for (unsigned int i = 0; i < s->ndisks; i++)
		free(s->disks[i].path);
	for (unsigned int i = 0; i < s->nflash; i++)
		free(s->flash[i].path);
	free(s->sd.path);
	memset(s, 0, sizeof(*s));
}

/* ---- merging ---- */

/* All complaints, a line each. */
struct problems {
	char text[4096];
	size_t len;
	int error;		/* -ENOMEM */
};

__attribute__((format(printf, 2, 3))) static void problem(struct problems *p, const char *fmt, ...)
{
	size_t room = sizeof(p->text) - p->len;
	va_list ap;
	int n;

	if (p->len && room > 1) {
		p->text[p->len++] = '\n';
		room--;
	}
	va_start(ap, fmt);
	n = vsnprintf(p->text + p->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		p->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void merge_cpu(const struct shape *s, struct vm_config *cfg, struct problems *p)
{
	const struct arm_cpu_model *model = arm_cpu_model_find(s->cpu);

	if (cfg->cpu_given && !cfg->cpu_host) {
		if (strcmp(cfg->model->name, s->cpu))
			problem(p, "--cpu %s: the guest has a %s; leave the option away", cfg->model->name, s->cpu);
		return;
	}
	/* One that we do not know by name: the registers in the stream tell what it is. */
	cfg->model = model ? model : arm_cpu_model_find(s->machine->default_cpu);
}

static void merge_board(const struct shape *s, struct vm_config *cfg, struct problems *p)
{
	if ((cfg->given & GIVEN_MACHINE) && cfg->machine != s->machine)
		problem(p, "--machine %s: the guest has a %s; leave the option away", cfg->machine->name,
			s->machine->name);
	cfg->machine = s->machine;
	if ((cfg->given & GIVEN_CPUS) && cfg->cpus != s->cpus)
		problem(p, "--cpus %u: the guest has %u; leave the option away", cfg->cpus, s->cpus);
	cfg->cpus = s->cpus;
	if ((cfg->given & GIVEN_MEMORY) && cfg->memory != s->memory)
		problem(p, "--memory %lluM: the guest has %lluM; leave the option away",
			(unsigned long long)(cfg->memory >> 20), (unsigned long long)(s->memory >> 20));
	cfg->memory = s->memory;
	if ((cfg->given & GIVEN_CONSOLE) && cfg->console != s->console)
		problem(p, "--console %s: the guest has %s; leave the option away", consoles[cfg->console],
			consoles[s->console]);
	cfg->console = s->console;
	if ((cfg->given & GIVEN_RNG) && cfg->rng != s->rng)
		problem(p, "--rng %s: the guest has it %s; leave the option away", off_on[cfg->rng], off_on[s->rng]);
	cfg->rng = s->rng;
}

static void merge_net(const struct shape *s, struct vm_config *cfg, struct problems *p)
{
	bool given = cfg->given & GIVEN_NET;

	if (given && cfg->net != NET_NONE && !s->has_nic)
		problem(p, "--net: the guest has no network card; leave the option away");
	if (given && cfg->net == NET_NONE && s->has_nic)
		problem(p, "--net none: the guest has a network card (%s); give --net user or --net tap", nics[s->nic]);
	if ((cfg->given & GIVEN_NIC) && s->has_nic && cfg->nic != s->nic)
		problem(p, "--net model=%s: the guest's network card is %s; leave model= away", nics[cfg->nic],
			nics[s->nic]);
	if (!s->has_nic)
		cfg->net = NET_NONE;
	cfg->nic = s->nic;
}

static void problem_count(struct problems *p, const char *option, const char *thing, unsigned int want,
			  unsigned int have, const struct shape_image *images)
{
	static const char *const times[] = { "", " once", " twice" };
	char many[32];

	if (!want) {
		problem(p, "%s: the guest has no %s; leave the option away", option, thing);
		return;
	}
	if (want < ARM_ARRAY_SIZE(times))
		snprintf(many, sizeof(many), "%s", times[want]);
	else
		snprintf(many, sizeof(many), " %u times", want);
	problem(p, "the guest has %u %s%s: give %s%s%s", want, thing, want == 1 ? "" : "s", option, many,
		want > 1 ? ", in the order they had" : have ? ", not more" : "");
	for (unsigned int i = 0; i < want; i++)
		if (images[i].path)
			problem(p, "  it was %s %s%s", option, images[i].path, images[i].readonly ? ",readonly" : "");
}

static void check_readonly(struct problems *p, const char *option, const char *path, bool have, bool want)
{
	if (have != want)
		problem(p, want ? "%s %s: the guest knows it as read-only; add ,readonly" :
			"%s %s: the guest writes to it; take ,readonly away", option, path);
}

static bool have_paths(const struct shape_image *img, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (!img[i].path)
			return false;
	return n;
}

/* Into an array of configurations that is empty. */
static unsigned int take_images(struct config_image *to, const struct shape_image *from, unsigned int n,
				struct problems *p)
{
	for (unsigned int i = 0; i < n; i++) {
		to[i] = (struct config_image){ strdup(from[i].path), from[i].readonly };
		if (!to[i].path) {
			p->error = -ENOMEM;
			return i;
		}
	}
	return n;
}

static void take_disks(const struct shape *s, struct vm_config *cfg, struct problems *p)
{
	for (unsigned int i = 0; i < s->ndisks; i++) {
		cfg->disks[i] = (struct config_disk){ .path = strdup(s->disks[i].path),
						      .readonly = s->disks[i].readonly };
		if (!cfg->disks[i].path) {
			p->error = -ENOMEM;
			return;
		}
		cfg->ndisks++;
	}
}

static void merge_disks(const struct shape *s, struct vm_config *cfg, bool paths, struct problems *p)
{
	if (paths && !cfg->ndisks && have_paths(s->disks, s->ndisks))
		take_disks(s, cfg, p);
	if (cfg->ndisks != s->ndisks) {
		if (!p->error)
			problem_count(p, "--disk", "disk", s->ndisks, cfg->ndisks, s->disks);
		return;
	}
	for (unsigned int i = 0; i < s->ndisks; i++) {
		struct config_disk *disk = &cfg->disks[i];

		check_readonly(p, "--disk", disk->path, disk->readonly, s->disks[i].readonly);
		if (!disk->serial && *s->disks[i].serial) {
			disk->serial = strdup(s->disks[i].serial);
			p->error = disk->serial ? p->error : -ENOMEM;
		} else if (disk->serial && strcmp(disk->serial, s->disks[i].serial)) {
			problem(p, "--disk %s: the guest knows it by the serial '%s'; leave serial= away", disk->path,
				s->disks[i].serial);
		}
	}
}

static void merge_images(const struct shape *s, struct vm_config *cfg, bool paths, struct problems *p)
{
	unsigned int nsd = !!cfg->sd.path;

	if (paths && !nsd && s->has_sd && s->sd.path)
		nsd = take_images(&cfg->sd, &s->sd, 1, p);
	if (nsd != s->has_sd)
		problem_count(p, "--sd", "SD card", s->has_sd, nsd, &s->sd);
	else if (nsd)
		check_readonly(p, "--sd", cfg->sd.path, cfg->sd.readonly, s->sd.readonly);
	if (paths && !cfg->nflash && have_paths(s->flash, s->nflash))
		cfg->nflash = take_images(cfg->flash, s->flash, s->nflash, p);
	if (cfg->nflash != s->nflash) {
		problem_count(p, "--flash", "flash file", s->nflash, cfg->nflash, s->flash);
		return;
	}
	for (unsigned int i = 0; i < s->nflash; i++)
		check_readonly(p, "--flash", cfg->flash[i].path, cfg->flash[i].readonly, s->flash[i].readonly);
}

int shape_merge(const struct shape *s, struct vm_config *cfg, bool paths, char **err)
{
	struct problems *p = calloc(1, sizeof(*p));
	int ret;

	if (!p)
		return -ENOMEM;
	cfg->incoming = true;
	merge_board(s, cfg, p);
	merge_cpu(s, cfg, p);
	merge_net(s, cfg, p);
	merge_disks(s, cfg, paths, p);
	merge_images(s, cfg, paths, p);
	ret = p->error;
	if (!ret && p->len)
		ret = err_set(err, -EINVAL, "%s", p->text);
	free(p);
	return ret;
}
