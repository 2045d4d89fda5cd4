/* SPDX-License-Identifier: GPL-2.0-only */
/* A machine's shape in a stream: written, read from whoever wrote it, and merged with what the user says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/migrate/shape.h"
#include "vmm/options.h"

#define MAX_ARGS 24
#define BASE "machine=virt\ncpu=cortex-a57\nengine=emu\ncpus=2\nmemory=512M\nconsole=none\nnic=virtio\nrng=on\n"
#define VEXPRESS "machine=vexpress-a15\ncpu=cortex-a15\nengine=kvm\ncpus=2\nmemory=512M\nconsole=none\n" \
	"nic=lan9118\nrng=on\n"

static const struct options_command fetch = { "fetch", "fetch THING", "", "THING" };

/* What the user says, as options of a command for a machine from elsewhere. */
static void parse(struct vm_config *cfg, const char *options)
{
	char copy[512], *argv[MAX_ARGS + 1] = { "fetch", "it" }, *next = copy, *word;
	int argc = 2;

	assert_true(strlen(options) < sizeof(copy));
	strcpy(copy, options);
	while ((word = strsep(&next, " ")) && argc < MAX_ARGS)
		if (*word)
			argv[argc++] = word;
	config_init(cfg);
	assert_int_equal(options_parse(&fetch, argc, argv, cfg, &word), OPTIONS_RUN);
}

static void read_ok(const char *text, struct shape *s)
{
	char *err = NULL;

	if (shape_read(text, strlen(text), s, &err))
		fail_msg("%s: %s", text, err);
}

/* @want: parts of the complaint with '|' between them; NULL: it fits. */
static void merge(const char *text, const char *options, bool paths, const char *want, struct vm_config *cfg)
{
	char wants[256] = "", *next = wants, *word, *err = NULL;
	struct shape s;
	int ret;

	read_ok(text, &s);
	parse(cfg, options);
	ret = shape_merge(&s, cfg, paths, &err);
	if (!ret)
		ret = config_check(cfg, &err);
	strcpy(wants, want ? want : "");
	if (!want != !ret)
		fail_msg("%s: %s", options, err ? err : "taken");
	while (want && (word = strsep(&next, "|")))
		if (!strstr(err, word))
			fail_msg("%s: '%s' is not in '%s'", options, word, err);
	free(err);
	shape_free(&s);
}

static void test_round_trip(void **state)
{
	char dir[] = "/tmp/test_shape.XXXXXX", path[4][64], options[512], want[128];
	struct bytes_out b = { 0 };
	struct vm_config cfg, there;
	struct shape s;
	char *err = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 4; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/%s", dir, i ? (char[]){ 'a' + i, 0 } : "a \\b");
		close(open(path[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	}
	snprintf(options, sizeof(options), "--machine vexpress-a15 --cpus 3 --memory 64M --net user,model=lan9118 "
		 "--rng off --disk %s,readonly,serial=x1 --sd %s --flash %s --flash %s,readonly", path[1], path[2],
		 path[3], path[1]);
	parse(&cfg, options);
	config_settle(&cfg);
	/* A name that has to be quoted. */
	free(cfg.disks[0].path);
	cfg.disks[0].path = strdup(path[0]);
	shape_write(&cfg, false, &b);
	assert_int_equal(b.error, 0);
	bytes_put_u8(&b, 0);
	assert_null(strstr((char *)b.data, dir));	/* a stream tells nothing of this host */
	b.len = 0;
	shape_write(&cfg, true, &b);
	assert_int_equal(b.error, 0);
	assert_int_equal(shape_read((char *)b.data, b.len, &s, &err), 0);
	assert_string_equal(s.machine->name, "vexpress-a15");
	assert_string_equal(s.cpu, "cortex-a15");
	assert_string_equal(s.engine, "auto");
	assert_true(s.cpus == 3 && s.memory == 64 << 20 && s.has_nic && s.nic == NIC_LAN9118 && !s.rng && s.saved);
	assert_true(s.ndisks == 1 && s.disks[0].readonly && s.has_sd && !s.sd.readonly && s.nflash == 2);
	assert_string_equal(s.disks[0].serial, "x1");
	assert_true(!s.flash[0].readonly && s.flash[1].readonly);
	/* The paths only where they are wanted. */
	parse(&there, "");
	assert_int_equal(shape_merge(&s, &there, true, &err), 0);
	assert_int_equal(config_check(&there, &err), 0);
	assert_string_equal(there.disks[0].path, path[0]);
	assert_string_equal(there.disks[0].serial, "x1");
	assert_string_equal(there.sd.path, path[2]);
	assert_string_equal(there.flash[1].path, path[1]);
	assert_true(there.incoming && there.flash[1].readonly && there.nflash == 2 && there.nic == NIC_LAN9118);
	config_destroy(&there);
	parse(&there, "");
	assert_int_equal(shape_merge(&s, &there, false, &err), -EINVAL);
	snprintf(want, sizeof(want), "it was --sd %s\n", path[2]);
	assert_non_null(strstr(err, want));
	assert_non_null(strstr(err, "give --flash twice"));
	assert_int_equal(there.ndisks, 0);
	free(err);
	config_destroy(&there);
	config_destroy(&cfg);
	shape_free(&s);
	bytes_free(&b);
	for (int i = 0; i < 4; i++)
		unlink(path[i]);
	assert_int_equal(rmdir(dir), 0);
}

static void test_merge(void **state)
{
	static const struct {
		const char *text, *options, *want;
	} rows[] = {
		{ BASE, "", NULL }, { BASE, "--cpus 2 --memory 512M --machine virt --rng on --console none", NULL },
		{ BASE, "--net tap", NULL }, { BASE, "--net user,model=virtio -p 22:22", NULL },
		{ BASE, "--cpu cortex-a57", NULL }, { BASE, "--cpu host", NULL }, { BASE, "--kernel K", NULL },
		{ BASE, "--cpus 1", "--cpus 1: the guest has 2" }, { BASE, "--memory 256M", "has 512M" },
		{ BASE, "--machine vexpress-a15", "--machine vexpress-a15: the guest has a virt" },
		{ BASE, "--cpu max", "--cpu max: the guest has a cortex-a57" }, { BASE, "--rng off", "--rng off" },
		{ BASE, "--console virtio", "--console virtio" }, { BASE, "--net none", "--net none|--net user" },
		{ BASE, "--net user,model=lan9118", "model=lan9118|virtio" }, { BASE, "--disk d", "has no disk" },
		{ BASE, "--sd s", "has no SD card" }, { BASE, "--flash f", "has no flash" },
		{ BASE, "--dump-dtb d", "--dump-dtb" }, { BASE, "--screenshot s", "no screen" },
		/* All at once. */
		{ BASE "disk=rw\n", "--cpus 1 --rng off", "--cpus 1|--rng off|give --disk once" },
		{ BASE "disk=rw\ndisk=ro\n", "", "the guest has 2 disks: give --disk twice" },
		{ BASE "disk=rw\ndisk=ro\n", "--disk a", "give --disk twice" },
		{ BASE "disk=rw\ndisk=ro\ndisk=ro\n", "--disk a", "3 disks: give --disk 3 times" },
		{ BASE "disk=rw\n", "--disk a --disk b", "1 disk: give --disk once, not more" },
		{ BASE "disk=rw\ndisk=ro\n", "--disk a --disk b,readonly", NULL },
		{ BASE "disk=rw\ndisk=ro\n", "--disk a,readonly --disk b", "a: the guest writes|b: the guest knows" },
		{ BASE "disk=rw\ndisk-serial=A\n", "--disk a", NULL },
		{ BASE "disk=rw\ndisk-serial=A\n", "--disk a,serial=A", NULL },
		{ BASE "disk=rw\ndisk-serial=A\n", "--disk a,serial=B", "serial" },
		{ BASE "disk=rw\n", "--disk a,serial=B", "serial" },
		{ VEXPRESS, "", NULL }, { VEXPRESS "sd=rw\n", "", "give --sd once" },
		{ VEXPRESS "sd=rw\n", "--sd s,readonly", "take ,readonly away" },
		{ VEXPRESS "sd=ro\n", "--sd s,readonly", NULL },
		{ VEXPRESS "flash=rw\nflash=ro\n", "--flash a --flash b,readonly", NULL },
		{ VEXPRESS "flash=rw\n", "--flash a,readonly", "take ,readonly away" },
		/* What the stream asks for must fit a board, too. */
		{ BASE "sd=rw\n", "--sd s", "no slot" }, { BASE "flash=rw\n", "--flash f", "room for 0" },
	};

	(void)state;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(rows); i++) {
		struct vm_config cfg;

		merge(rows[i].text, rows[i].options, false, rows[i].want, &cfg);
		config_destroy(&cfg);
	}
}

static void test_merged(void **state)
{
	struct vm_config cfg;

	(void)state;
	merge("machine=virt\ncpu=neoverse-x\nengine=kvm\ncpus=8\nmemory=8M\nconsole=virtio\nnic=none\nrng=off\n", "",
	      false, NULL, &cfg);
	assert_string_equal(cfg.machine->name, "virt");
	assert_string_equal(cfg.model->name, "cortex-a57");	/* by name we do not know it */
	assert_true(cfg.cpus == 8 && cfg.memory == 8 << 20 && cfg.console == CONSOLE_VIRTIO && cfg.net == NET_NONE);
	assert_true(!cfg.rng && cfg.incoming && !cfg.ndisks);
	config_destroy(&cfg);
	merge(VEXPRESS, "--net tap,ifname=t", false, NULL, &cfg);
	assert_string_equal(cfg.model->name, "cortex-a15");
	assert_true(cfg.net == NET_TAP && cfg.nic == NIC_LAN9118);
	config_destroy(&cfg);
	/* Snapshots' paths are for images that the user does not name. */
	merge(BASE "disk=ro\ndisk-path=/a\\ b\ndisk=rw\ndisk-path=/c\n", "", true, NULL, &cfg);
	assert_string_equal(cfg.disks[0].path, "/a b");
	assert_string_equal(cfg.disks[1].path, "/c");
	assert_true(cfg.disks[0].readonly && !cfg.disks[1].readonly);
	config_destroy(&cfg);
	merge(BASE "disk=ro\ndisk-path=/a\ndisk=rw\ndisk-path=/c\n", "--disk x,readonly --disk y", true, NULL, &cfg);
	assert_string_equal(cfg.disks[0].path, "x");
	config_destroy(&cfg);
	merge(BASE "disk=ro\ndisk-path=/a\ndisk=rw\n", "", true, "give --disk twice|it was --disk /a,readonly", &cfg);
	config_destroy(&cfg);
}

static void test_hostile(void **state)
{
	static const char *const texts[] = {
		"", "\n\n", "machine", "=", "=virt\n", "machine=virt\n", BASE "machine=virt\n", BASE "cpus=2\n",
		BASE "x=1\n", BASE "Disk=rw\n", BASE "disk\n", BASE "disk=\n", BASE "disk=rwx\n",
		BASE "sd=rw\nsd=rw\n", BASE "sd-path=/a\n",
		BASE "disk-path=/a\n", BASE "disk=rw\ndisk-path=a\n", BASE "disk=rw\ndisk-path=\n",
		BASE "disk=rw\ndisk-path=/a\ndisk-path=/b\n", BASE "disk=rw\ndisk-path=/a\x1b[2J\n",
		BASE "disk=rw\ndisk-path=/a\\nb\n", BASE "disk=rw\ndisk-serial=\n", BASE "disk-serial=a\n",
		BASE "disk=rw\ndisk-serial=123456789012345678901\n", BASE "disk=rw\ndisk-serial=a\ndisk-serial=b\n",
		BASE "flash=rw\nflash=rw\nflash=rw\n", BASE "flash-path=/a\n", BASE "saved=-1\n", BASE "saved=\n",
		BASE "saved=99999999999999999999\n", BASE "saved=1\nsaved=1\n",
	};
	static const char *const values[][2] = {
		{ "machine=virt", "machine=" }, { "machine=virt", "machine=virt2" },
		{ "machine=virt", "machine=../virt" }, { "cpu=cortex-a57", "cpu=" },
		{ "cpu=cortex-a57", "cpu=a\x1b" }, { "cpu=cortex-a57", "cpu=A%s%n" },
		{ "cpu=cortex-a57", "cpu=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
		{ "engine=emu", "engine=aaaaaaaaaaaaaaaa" },
		{ "cpus=2", "cpus=0" }, { "cpus=2", "cpus=9" }, { "cpus=2", "cpus=-1" },
		{ "cpus=2", "cpus=4294967298" },
		{ "cpus=2", "cpus=18446744073709551618" }, { "cpus=2", "cpus=2x" }, { "cpus=2", "cpus= 2" },
		{ "memory=512M", "memory=512" }, { "memory=512M", "memory=M" }, { "memory=512M", "memory=7M" },
		{ "memory=512M", "memory=17592186044416M" }, { "memory=512M", "memory=18446744073709551616M" },
		{ "memory=512M", "memory=261121M" }, { "memory=512M", "memory=0x200M" }, { "nic=virtio", "nic=" },
		{ "nic=virtio", "nic=e1000" }, { "rng=on", "rng=1" }, { "console=none", "console=pty" },
	};
	char text[1024], *err = NULL;
	struct shape s;

	(void)state;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(texts) + ARM_ARRAY_SIZE(values); i++) {
		size_t v = i - ARM_ARRAY_SIZE(texts);
		char *at;
		int ret;

		if (i < ARM_ARRAY_SIZE(texts)) {
			strcpy(text, texts[i]);
		} else {
			strcpy(text, BASE);
			at = strstr(text, values[v][0]);
			strcpy(at, values[v][1]);
			strcat(text, strstr(BASE, values[v][0]) + strlen(values[v][0]));
		}
		ret = shape_read(text, strlen(text), &s, &err);
		shape_free(&s);
		if ((ret != -EINVAL && ret != -EBADMSG) || !err || strchr(err, 0x1b))
			fail_msg("'%s' gives %d, %s", text, ret, err ? err : "no message");
		free(err);
		err = NULL;
	}
	/* A NUL, and too long a text. */
	assert_int_equal(shape_read(BASE "\0", sizeof(BASE), &s, &err), -EBADMSG);
	free(err);
	assert_int_equal(shape_read(text, SHAPE_TEXT_MAX + 1, &s, &err), -EBADMSG);
	free(err);
	/* As many disks as there can be, and one more. */
	strcpy(text, BASE);
	for (int i = 0; i < CONFIG_MAX_DISKS; i++)
		strcat(text, "disk=rw\n");
	read_ok(text, &s);
	assert_int_equal(s.ndisks, CONFIG_MAX_DISKS);
	shape_free(&s);
	strcat(text, "disk=rw\n");
	assert_int_equal(shape_read(text, strlen(text), &s, &err), -EINVAL);
	shape_free(&s);
	free(err);
}

/* Damaged in any way it is refused, or read as something that a machine can be; sanitizers look on. */
static void test_mangled(void **state)
{
	static const char whole[] = VEXPRESS
		"saved=1700000000\ndisk=rw\ndisk-path=/a\\ b\ndisk-serial=x\ndisk=ro\nsd=rw\n"
		"sd-path=/card\nflash=ro\nflash-path=/f\n";
	unsigned int taken = 0, seed = 1;

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		char text[sizeof(whole)], *err = NULL;
		struct vm_config cfg;
		struct shape s;
		size_t len = sizeof(whole) - 1;

		memcpy(text, whole, sizeof(whole));
		for (unsigned int n = rand_r(&seed) % 3; n < 3; n++)
			text[rand_r(&seed) % len] ^= 1 << (rand_r(&seed) % 8);
		if (i % 5 == 0)
			len = rand_r(&seed) % len;
		if (!shape_read(text, len, &s, &err)) {
			taken++;
			assert_true(s.cpus >= 1 && s.cpus <= ACCEL_MAX_CPUS && s.memory >= CONFIG_MIN_MEMORY &&
				    s.memory <= CONFIG_MAX_MEMORY && s.ndisks <= CONFIG_MAX_DISKS);
			parse(&cfg, "--disk a --disk b,readonly");
			if (shape_merge(&s, &cfg, i % 2, &err))
				assert_non_null(err);
			config_destroy(&cfg);
		} else {
			assert_non_null(err);
		}
		free(err);
		shape_free(&s);
	}
	assert_in_range(taken, 100, 15000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_merge), cmocka_unit_test(test_merged),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_mangled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
