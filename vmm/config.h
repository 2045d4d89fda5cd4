/* SPDX-License-Identifier: GPL-2.0-only */
/* What the user asked for, checked as far as it can be without touching anything. */
#ifndef VMM_CONFIG_H
#define VMM_CONFIG_H

#include <stdio.h>

#include "arm/base.h"
#include "arm/cpu_model.h"
#include "vmm/accel/accel.h"
#include "vmm/host/net.h"
#include "vmm/machine/machine.h"
#include "vmm/migrate/identity.h"


#define CONFIG_MAX_DISKS 16
#define CONFIG_MAX_FORWARDS 32

enum config_serial {
	SERIAL_STDIO,
	SERIAL_FILE,
	SERIAL_NONE,
};

enum config_net {
	NET_NONE,
	NET_USER,
	NET_TAP,
};

enum config_nic {
	NIC_VIRTIO,
	NIC_LAN9118,
};

enum config_console {
	CONSOLE_NONE,
	CONSOLE_VIRTIO,
};

/* For a guest from elsewhere: what the user says must fit, the rest follows. */
enum config_given {
	GIVEN_MACHINE = 1,
	GIVEN_CPUS = 2,
	GIVEN_MEMORY = 4,
	GIVEN_CONSOLE = 8,
	GIVEN_NET = 16,
	GIVEN_NIC = 32,
	GIVEN_RNG = 64,
};

struct config_disk {
	char *path;
	char *serial;		/* NULL: none */
	bool readonly;
};

struct config_image {
	char *path;		/* NULL: none */
	bool readonly;
};

/* A CPU that answers like another, maybe a host's. */
struct config_like {
	struct identity id;
	struct identity_model model;
	char *lacking;		/* what the translator has not, in sentences; NULL: nothing */
};

/* All strings are owned; NULL where not given. */
struct vm_config {
	char *kernel;
	char *initrd;
	char *append;
	char *dtb;
	char *dump_dtb;
	const struct machine_type *machine;
	const struct arm_cpu_model *model;
	unsigned int given;		/* enum config_given: what the user said */
	bool cpu_given;			/* else the machine's default */
	bool cpu_host;			/* the host's: @model is the VM's to fill in */
	struct config_like *like;	/* owned; @model is in it.  NULL: one of our models, or the host's */
	bool aarch64_off;		/* the CPU starts in AArch32 */
	bool incoming;			/* the guest comes from elsewhere: see vm_create() */
	bool aarch32;			/* and its EL1 is in AArch32 */
	unsigned int gic_version;	/* what the VM settled on; 0: 2 */
	u64 memory;			/* bytes */
	unsigned int cpus;
	enum accel_engine engine;
	u64 cache_bytes;		/* 0: the engine's default */
	unsigned int log;		/* enum emu_log */
	char *log_path;
	bool stats;
	bool verbose;
	bool no_reboot;
	enum config_serial serial;
	char *serial_path;
	enum config_console console;
	enum config_net net;
	enum config_nic nic;
	char *net_ifname;
	struct net_forward forwards[CONFIG_MAX_FORWARDS];
	unsigned int nforwards;
	bool rng;
	struct config_disk disks[CONFIG_MAX_DISKS];
	unsigned int ndisks;
	struct config_image sd;
	struct config_image flash[MACHINE_FLASHES];
	unsigned int nflash;
	char *name;		/* commands reach the machine by it; NULL: not */
	char *control;		/* the path of a socket for commands; NULL: none */
	char *screenshot;
};

/* Guest RAM: at least what a kernel starts in, at most what some board has room for. */
#define CONFIG_MIN_MEMORY (8ULL << 20)
#define CONFIG_MAX_MEMORY (255ULL << 30)

void config_init(struct vm_config *cfg);
void config_destroy(struct vm_config *cfg);

/*
 * One per option that has a value to understand: parses @text into @cfg.
 * 0, or -EINVAL and a sentence for the user in *@err (free() it).
 */
typedef int config_set_fn(struct vm_config *cfg, const char *text, char **err);
config_set_fn config_set_memory, config_set_cpus, config_set_cpu, config_set_machine,
	config_set_engine, config_set_log, config_set_cache, config_set_serial,
	config_set_console, config_set_net, config_set_rng, config_set_sd, config_set_name,
	config_add_disk, config_add_forward, config_add_flash;

/*
 * CPUs that say what @id says, whatever --cpu said; what the translator lacks for that is in @r.
 * 0, -ENOMEM, or -EINVAL: no CPU of ours is like that.
 */
int config_set_identity(struct vm_config *cfg, const struct identity *id, struct report *r);
void config_forget_like(struct vm_config *cfg);
/* Under engine kvm the CPU is the host's: is @a one that fits cfg->like?  0; or -EINVAL and the reasons in *@err. */
int config_check_like(const struct vm_config *cfg, struct accel *a, const struct arm_cpu_model *model, char **err);

/* Fills in what follows from the rest and was not given: the machine's CPU.  Before config_check(). */
void config_settle(struct vm_config *cfg);
/* What only the whole can tell; @err begins with the option. */
int config_check(const struct vm_config *cfg, char **err);

/* "64M" and the like; a bare number counts @unit bytes.  -EINVAL or -ERANGE. */
int config_parse_size(const char *text, u64 unit, u64 *out);

/* As --engine has it; "lockstep" for that. */
const char *config_engine_name(enum accel_engine engine);

/* The names of -d, for the help text and for parsing; NULL past the last. */
const char *config_log_class(unsigned int n);

#endif
