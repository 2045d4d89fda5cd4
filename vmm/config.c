/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/config.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/emu.h"
#include "vmm/host/log.h"
#include "vmm/host/runtime_dir.h"

#define RAM_GRANULE (1ULL << 20)

void config_init(struct vm_config *cfg)
{
	*cfg = (struct vm_config){
		.machine = machine_type_at(0),
		.model = arm_cpu_model_find("cortex-a57"),
		.memory = 512ULL << 20,
		.cpus = 1,
		.engine = ACCEL_AUTO,
		.serial = SERIAL_STDIO,
		.console = CONSOLE_NONE,
		.net = NET_USER,
		.rng = true,
	};
}

void config_destroy(struct vm_config *cfg)
{
	char *const strings[] = {
		cfg->kernel, cfg->initrd, cfg->append, cfg->dtb, cfg->dump_dtb,
		cfg->log_path, cfg->serial_path, cfg->net_ifname, cfg->sd.path, cfg->screenshot,
		cfg->control, cfg->name,
	};

	for (size_t i = 0; i < ARM_ARRAY_SIZE(strings); i++)
		free(strings[i]);
	for (unsigned int i = 0; i < cfg->ndisks; i++) {
		free(cfg->disks[i].path);
		free(cfg->disks[i].serial);
	}
	for (unsigned int i = 0; i < cfg->nflash; i++)
		free(cfg->flash[i].path);
	config_forget_like(cfg);
	memset(cfg, 0, sizeof(*cfg));
}

/* Digits only: strtoull() alone takes signs, spaces and an empty string. */
static int parse_u64(const char *text, u64 *out, const char **end)
{
	unsigned long long v;
	char *e;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	v = strtoull(text, &e, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
	if (errno)
		return -ERANGE;
	*out = v;
	*end = e;
	return 0;
}

int config_parse_size(const char *text, u64 unit, u64 *out)
{
	static const char suffixes[] = "KMGT";
	const char *end, *s;
	u64 v;
	int ret = parse_u64(text, &v, &end);

	if (ret)
		return ret;
	if (*end) {
		s = strchr(suffixes, toupper((unsigned char)*end));
		if (!s)
			return -EINVAL;
		unit = 1024ULL << (10 * (s - suffixes));
		end++;
		if (*end == 'i')
			end++;
		if (*end == 'B')
			end++;
		if (*end)
			return -EINVAL;
	}
	if (__builtin_mul_overflow(v, unit, out))
		return -ERANGE;
	return 0;
}

int config_set_memory(struct vm_config *cfg, const char *text, char **err)
{
	u64 v;
	int ret = config_parse_size(text, 1 << 20, &v);

	if (ret == -EINVAL)
		return err_set(err, -EINVAL, "not a size; write for instance 512M or 2G");
	if (ret || v < CONFIG_MIN_MEMORY || v > CONFIG_MAX_MEMORY)
		return err_set(err, -EINVAL, "a guest can have from %lluM to %lluG of memory",
			       CONFIG_MIN_MEMORY >> 20, CONFIG_MAX_MEMORY >> 30);
	if (v % RAM_GRANULE)
		return err_set(err, -EINVAL, "not a multiple of 1M");
	cfg->memory = v;
	cfg->given |= GIVEN_MEMORY;
	return 0;
}

int config_set_cpus(struct vm_config *cfg, const char *text, char **err)
{
	const char *end = "";
	u64 v;
	int ret = parse_u64(text, &v, &end);

	if (ret == -EINVAL || *end)
		return err_set(err, -EINVAL, "not a number");
	if (ret || v < 1 || v > ACCEL_MAX_CPUS)
		return err_set(err, -EINVAL, "a guest can have from 1 to %d CPUs", ACCEL_MAX_CPUS);
	cfg->cpus = v;
	cfg->given |= GIVEN_CPUS;
	return 0;
}

/* "a, b or c" in @words of @room bytes. */
static void join_words(char *words, size_t room, const char *word, size_t i, size_t n)
{
	size_t len = strlen(words);

	snprintf(words + len, room - len, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", word);
}

/* A word and what it stands for. */
struct choice {
	const char *word;
	int value;
};

static int choose(const struct choice *list, size_t n, const char *text, char **err)
{
	char words[256] = "";

	for (size_t i = 0; i < n; i++) {
		if (!strcmp(list[i].word, text))
			return list[i].value;
		join_words(words, sizeof(words), list[i].word, i, n);
	}
	return err_set(err, -EINVAL, "unknown; choose %s", words);
}

#define CHOOSE(list, text, err) choose(list, ARM_ARRAY_SIZE(list), text, err)

int config_set_machine(struct vm_config *cfg, const char *text, char **err)
{
	char words[256] = "";
	unsigned int n = 0;

	cfg->machine = machine_type_find(text);
	cfg->given |= GIVEN_MACHINE;
	if (cfg->machine)
		return 0;
	while (machine_type_at(n))
		n++;
	for (unsigned int i = 0; i < n; i++)
		join_words(words, sizeof(words), machine_type_at(i)->name, i, n);
	return err_set(err, -EINVAL, "unknown; choose %s", words);
}

static const struct choice engines[] = {
	{ "auto", ACCEL_AUTO },
	{ "kvm", ACCEL_KVM },
	{ "emu", ACCEL_EMU },
	{ "jit", ACCEL_JIT },
	{ "interp", ACCEL_INTERP },
};

const char *config_engine_name(enum accel_engine engine)
{
	for (size_t i = 0; i < ARM_ARRAY_SIZE(engines); i++)
		if (engines[i].value == (int)engine)
			return engines[i].word;
	return "lockstep";
}

int config_set_engine(struct vm_config *cfg, const char *text, char **err)
{
	int v = CHOOSE(engines, text, err);

	if (v < 0)
		return v;
	cfg->engine = v;
	return 0;
}

int config_set_console(struct vm_config *cfg, const char *text, char **err)
{
	static const struct choice consoles[] = {
		{ "virtio", CONSOLE_VIRTIO },
		{ "none", CONSOLE_NONE },
	};
	int v = CHOOSE(consoles, text, err);

	if (v < 0)
		return v;
	cfg->console = v;
	cfg->given |= GIVEN_CONSOLE;
	return 0;
}

int config_set_name(struct vm_config *cfg, const char *text, char **err)
{
	if (!runtime_name_is_valid(text))
		return err_set(err, -EINVAL, "no name for a machine; it begins with a letter or digit, has '-', '_' "
			       "and '.' besides those, and at most %d characters", RUNTIME_NAME_MAX);
	cfg->name = strdup(text);
	return cfg->name ? 0 : -ENOMEM;
}

int config_set_rng(struct vm_config *cfg, const char *text, char **err)
{
	static const struct choice on_off[] = { { "on", 1 }, { "off", 0 } };
	int v = CHOOSE(on_off, text, err);

	if (v < 0)
		return v;
	cfg->rng = v;
	cfg->given |= GIVEN_RNG;
	return 0;
}

static const struct choice log_classes[] = {
	{ "in", EMU_LOG_IN },
	{ "ir", EMU_LOG_IR },
	{ "opt", EMU_LOG_OPT },
	{ "out", EMU_LOG_OUT },
	{ "int", EMU_LOG_INT },
	{ "mmu", EMU_LOG_MMU },
	{ "unimp", EMU_LOG_UNIMP },
	{ "guest_errors", EMU_LOG_GUEST_ERRORS },
};

const char *config_log_class(unsigned int n)
{
	return n < ARM_ARRAY_SIZE(log_classes) ? log_classes[n].word : NULL;
}

int config_set_log(struct vm_config *cfg, const char *text, char **err)
{
	char *copy = strdup(text), *next = copy, *word;
	int v = 0;

	if (!copy)
		return -ENOMEM;
	while (v >= 0 && (word = strsep(&next, ","))) {
		v = CHOOSE(log_classes, word, err);
		if (v >= 0)
			cfg->log |= v;
	}
	free(copy);
	return v < 0 ? v : 0;
}

int config_set_cache(struct vm_config *cfg, const char *text, char **err)
{
	u64 v;
	int ret = config_parse_size(text, 1 << 20, &v);

	if (ret == -EINVAL)
		return err_set(err, -EINVAL, "not a size; write for instance 64M");
	if (ret || v < 1 << 20 || v > 1ULL << 30)
		return err_set(err, -EINVAL, "the code cache can have from 1M to 1G");
	cfg->cache_bytes = v;
	return 0;
}

int config_set_serial(struct vm_config *cfg, const char *text, char **err)
{
	if (!strcmp(text, "stdio")) {
		cfg->serial = SERIAL_STDIO;
	} else if (!strcmp(text, "none")) {
		cfg->serial = SERIAL_NONE;
	} else if (!strncmp(text, "file:", 5) && text[5]) {
		cfg->serial = SERIAL_FILE;
		cfg->serial_path = strdup(text + 5);
		if (!cfg->serial_path)
			return -ENOMEM;
	} else {
		return err_set(err, -EINVAL, "unknown; choose stdio, none or file:PATH");
	}
	return 0;
}

static int net_setting(struct vm_config *cfg, char *word, char **err)
{
	static const struct choice models[] = {
		{ "virtio", NIC_VIRTIO },
		{ "lan9118", NIC_LAN9118 },
	};
	int v;

	if (!strncmp(word, "model=", 6)) {
		v = CHOOSE(models, word + 6, err);
		if (v >= 0) {
			cfg->nic = v;
			cfg->given |= GIVEN_NIC;
		}
		return v < 0 ? v : 0;
	}
	if (cfg->net != NET_TAP || strncmp(word, "ifname=", 7) || !word[7] || cfg->net_ifname)
		return err_set(err, -EINVAL, "cannot read '%s'; there is model=virtio|lan9118, and only tap "
			       "has ifname=NAME", word);
	cfg->net_ifname = strdup(word + 7);
	return cfg->net_ifname ? 0 : -ENOMEM;
}

int config_set_net(struct vm_config *cfg, const char *text, char **err)
{
	static const struct choice nets[] = {
		{ "none", NET_NONE },
		{ "user", NET_USER },
		{ "tap", NET_TAP },
	};
	char *copy = strdup(text), *next = copy, *word;
	int v = -ENOMEM;

	if (!copy)
		return v;
	v = CHOOSE(nets, strsep(&next, ","), err);
	if (v >= 0)
		cfg->net = v;
	cfg->given |= GIVEN_NET;
	while (v >= 0 && (word = strsep(&next, ",")))
		v = net_setting(cfg, word, err);
	free(copy);
	return v < 0 ? v : 0;
}

/* The settings after a disk's path; a path with a comma has it doubled. */
static int disk_setting(struct config_disk *disk, const char *word, char **err)
{
	if (!strcmp(word, "readonly")) {
		disk->readonly = true;
		return 0;
	}
	if (strncmp(word, "serial=", 7))
		return err_set(err, -EINVAL,
			       "unknown setting '%s'; a disk has readonly and serial=NAME"
			       " (write a comma in a path twice)", word);
	/* virtio 1.2, 5.2.6.1: the id string has 20 bytes. */
	if (!word[7] || strlen(word + 7) > 20 || disk->serial)
		return err_set(err, -EINVAL, "a disk has one serial= of 1 to 20 characters");
	disk->serial = strdup(word + 7);
	return disk->serial ? 0 : -ENOMEM;
}

/*
 * A path in @text, where a comma is written twice, into *@path (free() it).
 * Returns what follows the comma that ends it: NULL where nothing does.
 */
static int take_path(const char *text, char **path, const char **settings, char **err)
{
	char *p = malloc(strlen(text) + 1);
	size_t n = 0;

	if (!p)
		return -ENOMEM;
	for (; *text && (*text != ',' || text[1] == ','); text++) {
		text += *text == ',';
		p[n++] = *text;
	}
	p[n] = 0;
	*path = p;
	*settings = *text ? text + 1 : NULL;
	return n ? 0 : err_set(err, -EINVAL, "no path");
}

int config_add_disk(struct vm_config *cfg, const char *text, char **err)
{
	char *copy, *next, *word;
	struct config_disk *disk;
	const char *settings;
	int ret;

	if (cfg->ndisks == CONFIG_MAX_DISKS)
		return err_set(err, -EINVAL, "a guest can have %d disks", CONFIG_MAX_DISKS);
	disk = &cfg->disks[cfg->ndisks];
	*disk = (struct config_disk){ .path = NULL };
	cfg->ndisks++;
	ret = take_path(text, &disk->path, &settings, err);
	if (ret || !settings)
		return ret;
	next = copy = strdup(settings);
	if (!copy)
		return -ENOMEM;
	while (!ret && (word = strsep(&next, ",")))
		ret = disk_setting(disk, word, err);
	free(copy);
	return ret;
}

/* A file with no setting but readonly. */
static int set_image(struct config_image *img, const char *text, const char *thing, char **err)
{
	const char *settings;
	int ret = take_path(text, &img->path, &settings, err);

	if (ret || !settings)
		return ret;
	if (strcmp(settings, "readonly"))
		return err_set(err, -EINVAL, "unknown setting '%s'; %s has readonly (write a comma in a path twice)",
			       settings, thing);
	img->readonly = true;
	return 0;
}

int config_set_sd(struct vm_config *cfg, const char *text, char **err)
{
	return set_image(&cfg->sd, text, "an SD card", err);
}

int config_add_flash(struct vm_config *cfg, const char *text, char **err)
{
	if (cfg->nflash == MACHINE_FLASHES)
		return err_set(err, -EINVAL, "a board has at most %d of them", MACHINE_FLASHES);
	return set_image(&cfg->flash[cfg->nflash++], text, "a flash", err);
}

int config_add_forward(struct vm_config *cfg, const char *text, char **err)
{
	int ret;

	if (cfg->nforwards == CONFIG_MAX_FORWARDS)
		return err_set(err, -EINVAL, "at most %d ports can be forwarded",
			       CONFIG_MAX_FORWARDS);
	ret = net_forward_parse(text, &cfg->forwards[cfg->nforwards], err);
	if (!ret)
		cfg->nforwards++;
	return ret;
}

void config_settle(struct vm_config *cfg)
{
	if (!cfg->cpu_given || cfg->cpu_host)
		cfg->model = arm_cpu_model_find(cfg->machine->default_cpu);
}

/* What the board has no place for. */
static int check_board(const struct vm_config *cfg, char **err)
{
	const struct machine_type *m = cfg->machine;

	if (cfg->memory > m->max_memory)
		return err_set(err, -EINVAL, "--memory: %s can have at most %lluG", m->name,
			       (unsigned long long)(m->max_memory >> 30));
	if (cfg->cpus > m->max_cpus)
		return err_set(err, -EINVAL, "--cpus: %s can have at most %u", m->name, m->max_cpus);
	if (m->only_aarch32 && !arm_has(cfg->model->features, ARM_FEAT_IMPDEF_A15) &&
	    !arm_has(cfg->model->features, ARM_FEAT_IMPDEF_A7))
		return err_set(err, -EINVAL, "--cpu %s: does not fit %s; use cortex-a15 or cortex-a7, or "
			       "--machine virt", cfg->model->name, m->name);
	if (cfg->nflash > m->flashes)
		return err_set(err, -EINVAL, "--flash %s: %s has room for %u", cfg->flash[m->flashes].path,
			       m->name, m->flashes);
	if (cfg->sd.path && !m->has_sd)
		return err_set(err, -EINVAL, "--sd %s: %s has no slot for it; use --disk", cfg->sd.path, m->name);
	if (cfg->net != NET_NONE && cfg->nic == NIC_LAN9118 && !m->has_lan)
		return err_set(err, -EINVAL, "--net: %s has no lan9118; use model=virtio", m->name);
	if (cfg->screenshot && !m->has_screen)
		return err_set(err, -EINVAL, "--screenshot %s: %s has no screen", cfg->screenshot, m->name);
	return 0;
}

/* virtio devices that were asked for. */
static unsigned int count_virtio(const struct vm_config *cfg)
{
	return cfg->ndisks + (cfg->net != NET_NONE && cfg->nic == NIC_VIRTIO) + cfg->rng +
	       (cfg->console == CONSOLE_VIRTIO);
}

int config_check(const struct vm_config *cfg, char **err)
{
	if (cfg->incoming && cfg->dump_dtb)
		return err_set(err, -EINVAL, "--dump-dtb %s: is for machines that boot; this one runs already",
			       cfg->dump_dtb);
	if (!cfg->kernel && !cfg->dump_dtb && !cfg->incoming)
		return err_set(err, -EINVAL, "--kernel FILE is missing: there is nothing to boot");
	if (cfg->initrd && !cfg->kernel)
		return err_set(err, -EINVAL, "--initrd %s: needs --kernel too", cfg->initrd);
	if (cfg->nforwards && cfg->net != NET_USER)
		return err_set(err, -EINVAL, "-p: ports are forwarded by --net user only");
	if (cfg->engine == ACCEL_LOCKSTEP && cfg->cpus != 1)
		return err_set(err, -EINVAL, "--lockstep: compares one CPU; use --cpus 1");
	if (cfg->cpu_host && cfg->engine != ACCEL_AUTO && cfg->engine != ACCEL_KVM)
		return err_set(err, -EINVAL, "--cpu host: only KVM gives a guest the host's CPU; use --engine kvm");
	if (cfg->engine == ACCEL_KVM && cfg->log)
		return err_set(err, -EINVAL, "-d: shows what the translator does, and --engine kvm has none; "
			       "use --engine emu");
	if (cfg->log_path && !cfg->log)
		return err_set(err, -EINVAL, "-D %s: says where -d writes; add -d CLASSES",
			       cfg->log_path);
	if (count_virtio(cfg) > cfg->machine->virtio_slots)
		return err_set(err, -EINVAL, "--disk: %s has %u slots for virtio devices and you ask for %u; leave "
			       "some away, for instance with --rng off", cfg->machine->name,
			       cfg->machine->virtio_slots, count_virtio(cfg));
	/* COMMAND_LINE_SIZE of Linux on arm64. */
	if (cfg->append && strlen(cfg->append) >= 2048)
		return err_set(err, -EINVAL, "--append: longer than the 2047 characters that Linux takes");
	return check_board(cfg, err);
}
