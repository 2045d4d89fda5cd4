/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line: what it sets, and what it refuses (messages go to a file that is looked at). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu/emu.h"
#include "vmm/options.h"

#define MAX_ARGS 24

struct parsed {
	enum options_result result;
	struct vm_config cfg;
	char *word;		/* in @copy */
	char copy[512];
	char said[1024];	/* on standard error */
};

/* Parses "vambrace " + @line, split at blanks; its first word is the command's name. */
static void parse_as(const struct options_command *cmd, struct parsed *p, const char *line)
{
	char *argv[MAX_ARGS + 1] = { "vambrace" }, *next = p->copy, *word;
	FILE *f = tmpfile();
	int argc = 1, old = dup(STDERR_FILENO);
	size_t n;

	assert_non_null(f);
	assert_true(strlen(line) < sizeof(p->copy));
	strcpy(p->copy, line);
	while ((word = strsep(&next, " ")) && argc < MAX_ARGS)
		if (*word)
			argv[argc++] = word;
	argv[argc] = NULL;
	dup2(fileno(f), STDERR_FILENO);
	config_init(&p->cfg);
	p->result = options_parse(cmd, argc - 1, argv + 1, &p->cfg, &p->word);
	fflush(stderr);
	dup2(old, STDERR_FILENO);
	close(old);
	rewind(f);
	n = fread(p->said, 1, sizeof(p->said) - 1, f);
	p->said[n] = 0;
	fclose(f);
}

static void parse(struct parsed *p, const char *line)
{
	parse_as(&options_run, p, line);
}

static void done(struct parsed *p)
{
	config_destroy(&p->cfg);
}

static void full_line(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "run --kernel K --initrd=I --append console=ttyAMA0 --memory 2G --cpus 4 --cpu max "
		  "--disk root.img --disk a,,b,readonly,serial=X1 --net user -p 2222:22 -p8080:80");
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_string_equal(p.said, "");
	assert_string_equal(p.cfg.kernel, "K");
	assert_string_equal(p.cfg.initrd, "I");
	assert_string_equal(p.cfg.append, "console=ttyAMA0");
	assert_true(p.cfg.memory == 2ULL << 30);
	assert_int_equal(p.cfg.cpus, 4);
	assert_string_equal(p.cfg.model->name, "max");
	assert_int_equal(p.cfg.ndisks, 2);
	assert_string_equal(p.cfg.disks[0].path, "root.img");
	assert_false(p.cfg.disks[0].readonly);
	assert_string_equal(p.cfg.disks[1].path, "a,b");
	assert_true(p.cfg.disks[1].readonly);
	assert_string_equal(p.cfg.disks[1].serial, "X1");
	assert_int_equal(p.cfg.net, NET_USER);
	assert_int_equal(p.cfg.nforwards, 2);
	assert_int_equal(p.cfg.forwards[0].host_port, 2222);
	assert_int_equal(p.cfg.forwards[1].guest_port, 80);
	done(&p);
}

static void defaults(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "run --kernel K");
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_string_equal(p.cfg.model->name, "cortex-a57");
	assert_true(p.cfg.memory == 512ULL << 20);
	assert_int_equal(p.cfg.cpus, 1);
	assert_int_equal(p.cfg.net, NET_USER);
	assert_int_equal(p.cfg.serial, SERIAL_STDIO);
	assert_int_equal(p.cfg.engine, ACCEL_AUTO);
	assert_true(p.cfg.rng);
	done(&p);
}

static void the_other_board(void **state)
{
	struct parsed p;

	(void)state;
	/* The CPU follows from the board, whatever comes first. */
	parse(&p, "run --kernel K --machine vexpress-a15 --sd card,readonly --flash a,,b --flash c,readonly "
		  "--net user,model=lan9118 --screenshot S --control C --cpus 4 --memory 30G");
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_string_equal(p.cfg.machine->name, "vexpress-a15");
	assert_string_equal(p.cfg.model->name, "cortex-a15");
	assert_string_equal(p.cfg.sd.path, "card");
	assert_true(p.cfg.sd.readonly);
	assert_int_equal(p.cfg.nflash, 2);
	assert_string_equal(p.cfg.flash[0].path, "a,b");
	assert_true(!p.cfg.flash[0].readonly && p.cfg.flash[1].readonly);
	assert_int_equal(p.cfg.nic, NIC_LAN9118);
	assert_string_equal(p.cfg.screenshot, "S");
	assert_string_equal(p.cfg.control, "C");
	done(&p);
	parse(&p, "run --kernel K --cpu cortex-a7 --machine vexpress-a15");
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_string_equal(p.cfg.model->name, "cortex-a7");
	assert_int_equal(p.cfg.nic, NIC_VIRTIO);
	done(&p);
	parse(&p, "run --kernel K --cpu cortex-a57,aarch64=off");
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_true(p.cfg.aarch64_off);
	assert_string_equal(p.cfg.machine->name, "virt");
	done(&p);
}

static void engine_and_log(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "run --kernel K --engine interp -d in,guest_errors -D log --serial file:out "
		  "--console virtio --rng off --cache 8M --net tap,ifname=t1 --no-reboot --stats");
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_int_equal(p.cfg.engine, ACCEL_INTERP);
	assert_int_equal(p.cfg.log, EMU_LOG_IN | EMU_LOG_GUEST_ERRORS);
	assert_string_equal(p.cfg.log_path, "log");
	assert_int_equal(p.cfg.serial, SERIAL_FILE);
	assert_string_equal(p.cfg.serial_path, "out");
	assert_int_equal(p.cfg.console, CONSOLE_VIRTIO);
	assert_false(p.cfg.rng);
	assert_true(p.cfg.cache_bytes == 8 << 20);
	assert_int_equal(p.cfg.net, NET_TAP);
	assert_string_equal(p.cfg.net_ifname, "t1");
	assert_true(p.cfg.no_reboot && p.cfg.stats);
	done(&p);
	parse(&p, "run --kernel K --engine kvm --cpu host -v");
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_int_equal(p.cfg.engine, ACCEL_KVM);
	assert_true(p.cfg.cpu_host && p.cfg.verbose);
	done(&p);
	parse(&p, "run --kernel K --lockstep");
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_int_equal(p.cfg.engine, ACCEL_LOCKSTEP);
	done(&p);
}

/* Each is refused with one line that has both words in it. */
static void refusals(void **state)
{
	static const struct {
		const char *line, *thing, *why;
	} rows[] = {
		{ "run --kernel K --name a/b", "--name a/b", "no name" },
		{ "run --kernel K --name .a", "--name .a", "no name" },
		{ "run", "--kernel", "missing" },
		{ "run --kernel", "--kernel", "value is missing" },
		{ "run --kernel=", "--kernel", "empty" },
		{ "run --bogus", "--bogus", "unknown option" },
		{ "run -z", "-z", "unknown option" },
		{ "run --kernel K --stats=1", "--stats=1", "takes no value" },
		{ "run --kernel K word", "word", "not an option" },
		{ "run --kernel K --kernel L", "--kernel", "twice" },
		{ "run --kernel K --memory 1G --memory 1G", "--memory", "twice" },
		{ "run --kernel K --stats --stats", "--stats", "twice" },
		{ "run --kernel K -d in -d int", "-d", "twice" },
		{ "run --kernel K --memory 0", "--memory 0", "from 8M" },
		{ "run --kernel K --memory 1K", "--memory 1K", "from 8M" },
		{ "run --kernel K --memory 18446744073709551616", "--memory", "from 8M" },
		{ "run --kernel K --memory 17179869184G", "--memory", "from 8M" },
		{ "run --kernel K --memory -1", "--memory -1", "not a size" },
		{ "run --kernel K --memory 1GG", "--memory 1GG", "not a size" },
		{ "run --kernel K --memory 10000001K", "--memory", "multiple" },
		{ "run --kernel K --cpus 0", "--cpus 0", "from 1 to 8" },
		{ "run --kernel K --cpus 9", "--cpus 9", "from 1 to 8" },
		{ "run --kernel K --cpus 99999999999999999999", "--cpus", "from 1 to 8" },
		{ "run --kernel K --cpus two", "--cpus two", "not a number" },
		{ "run --kernel K --cpu 6502", "--cpu 6502", "cortex-a57" },
		{ "run --kernel K --cpu host --engine jit", "--cpu host", "--engine kvm" },
		{ "run --kernel K --engine kvm -d in", "-d", "--engine emu" },
		{ "run --kernel K --cpu cortex-a57,aarch64=maybe", "--cpu", "aarch64=off" },
		{ "run --kernel K --machine pc", "--machine pc", "virt or vexpress-a15" },
		{ "run --kernel K --machine vexpress-a15 --cpus 5", "--cpus", "at most 4" },
		{ "run --kernel K --machine vexpress-a15 --memory 31G", "--memory", "at most 30G" },
		{ "run --kernel K --machine vexpress-a15 --cpu max", "--cpu max", "use cortex-a15" },
		{ "run --kernel K --machine vexpress-a15 --disk a --disk b --disk c", "--disk", "4 slots" },
		{ "run --kernel K --machine vexpress-a15 --flash a --flash b --flash c", "--flash c", "at most 2" },
		{ "run --kernel K --machine vexpress-a15 --sd a,rw", "--sd a,rw", "readonly" },
		{ "run --kernel K --machine vexpress-a15 --sd a --sd b", "--sd", "twice" },
		{ "run --kernel K --net user,model=ne2000", "--net", "virtio or lan9118" },
		{ "run --kernel K --net user,model=lan9118", "--net", "no lan9118" },
		{ "run --kernel K --sd card", "--sd card", "use --disk" },
		{ "run --kernel K --flash f", "--flash f", "room for 0" },
		{ "run --kernel K --screenshot s", "--screenshot s", "no screen" },
		{ "run --kernel K --engine fast", "--engine fast", "auto, kvm, emu, jit or interp" },
		{ "run --kernel K --lockstep --cpus 2", "--lockstep", "--cpus 1" },
		{ "run --kernel K --lockstep --engine jit", "--lockstep", "--engine" },
		{ "run --kernel K -d in,,int", "-d in,,int", "unknown" },
		{ "run --kernel K -D log", "-D log", "-d CLASSES" },
		{ "run --kernel K --cache 0", "--cache 0", "from 1M" },
		{ "run --kernel K --serial pty", "--serial pty", "file:PATH" },
		{ "run --kernel K --serial file:", "--serial file:", "file:PATH" },
		{ "run --kernel K --console vga", "--console vga", "virtio or none" },
		{ "run --kernel K --rng maybe", "--rng maybe", "on or off" },
		{ "run --kernel K --net wifi", "--net wifi", "none, user or tap" },
		{ "run --kernel K --net user,ifname=x", "--net", "only tap" },
		{ "run --kernel K --net tap,ifname=", "--net", "only tap" },
		{ "run --kernel K --net user -p 22", "-p 22", "" },
		{ "run --kernel K --net user -p 0:99999", "-p 0:99999", "" },
		{ "run --kernel K --net none -p 1:2", "-p", "--net user" },
		{ "run --kernel K --disk ,readonly", "--disk", "no path" },
		{ "run --kernel K --disk d,rw", "--disk d,rw", "unknown setting" },
		{ "run --kernel K --disk d,serial=", "--disk", "1 to 20" },
		{ "run --kernel K --disk d,serial=123456789012345678901", "--disk", "1 to 20" },
		{ "run --initrd I --dump-dtb d", "--initrd I", "--kernel" },
	};

	(void)state;
	for (size_t i = 0; i < ARM_ARRAY_SIZE(rows); i++) {
		struct parsed p;

		parse(&p, rows[i].line);
		if (p.result != OPTIONS_USAGE || strncmp(p.said, "vambrace: ", 10) ||
		    !strstr(p.said, rows[i].thing) || !strstr(p.said, rows[i].why) ||
		    strchr(p.said, '\n') != p.said + strlen(p.said) - 1)
			fail_msg("%s: result %d, said '%s'", rows[i].line, p.result, p.said);
		done(&p);
	}
}

/* A command with a word of its own leaves the whole to its caller. */
static void another_command(void **state)
{
	static const struct options_command fetch = { "fetch", "fetch THING", "Fetches.\n", "THING" };
	struct parsed p;

	(void)state;
	parse_as(&fetch, &p, "fetch it --cpus 3 --net none --name a.b-c_1");
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_string_equal(p.word, "it");
	assert_int_equal(p.cfg.given, GIVEN_CPUS | GIVEN_NET);
	assert_string_equal(p.cfg.name, "a.b-c_1");
	done(&p);
	parse_as(&fetch, &p, "fetch --memory 64M it");
	assert_int_equal(p.result, OPTIONS_RUN);
	assert_string_equal(p.word, "it");
	done(&p);
	parse_as(&fetch, &p, "fetch --memory 64M");
	assert_int_equal(p.result, OPTIONS_USAGE);
	assert_non_null(strstr(p.said, "THING is missing"));
	done(&p);
	parse_as(&fetch, &p, "fetch it and more");
	assert_int_equal(p.result, OPTIONS_USAGE);
	assert_non_null(strstr(p.said, "and: not an option; see vambrace fetch --help"));
	done(&p);
}

static void too_many(void **state)
{
	struct vm_config cfg;
	char *err = NULL;

	(void)state;
	config_init(&cfg);
	for (unsigned int i = 0; i < CONFIG_MAX_DISKS; i++)
		assert_int_equal(config_add_disk(&cfg, "d", &err), 0);
	assert_int_equal(config_add_disk(&cfg, "d", &err), -EINVAL);
	free(err);
	err = NULL;
	for (unsigned int i = 0; i < CONFIG_MAX_FORWARDS; i++)
		assert_int_equal(config_add_forward(&cfg, "1:1", &err), 0);
	assert_int_equal(config_add_forward(&cfg, "1:1", &err), -EINVAL);
	free(err);
	config_destroy(&cfg);
}

static void sizes(void **state)
{
	u64 v;

	(void)state;
	assert_int_equal(config_parse_size("7", 1 << 20, &v), 0);
	assert_true(v == 7 << 20);
	assert_int_equal(config_parse_size("3k", 1, &v), 0);
	assert_true(v == 3072);
	assert_int_equal(config_parse_size("1TiB", 1, &v), 0);
	assert_true(v == 1ULL << 40);
	assert_int_equal(config_parse_size("0x10M", 1, &v), 0);
	assert_true(v == 16 << 20);
	assert_int_equal(config_parse_size("", 1, &v), -EINVAL);
	assert_int_equal(config_parse_size(" 1", 1, &v), -EINVAL);
	assert_int_equal(config_parse_size("+1", 1, &v), -EINVAL);
	assert_int_equal(config_parse_size("1.5G", 1, &v), -EINVAL);
	assert_int_equal(config_parse_size("16777216T", 1, &v), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_line),
		cmocka_unit_test(defaults),
		cmocka_unit_test(the_other_board),
		cmocka_unit_test(engine_and_log),
		cmocka_unit_test(refusals),
		cmocka_unit_test(another_command),
		cmocka_unit_test(too_many),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
