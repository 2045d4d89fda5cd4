// SPDX-License-Identifier: GPL-2.0-only
/* debugfs: see stats.h.  Sums are made when somebody reads. */
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>

#include "hyp/hyp.h"

static struct dentry *root;
atomic_t hyp_held[HYP_HELD_COUNT];

static LIST_HEAD(vms);
static DEFINE_MUTEX(vms_lock);

static const struct {
	const char *name;
	u16 offset;
} vcpu_rows[] = {
#define X(name, text) { #name, offsetof(struct hyp_vcpu_stats, name) },
	HYP_VCPU_STATS(X)
#undef X
};

static const struct {
	const char *name;
	u16 offset;
} vm_rows[] = {
#define X(name, text) { #name, offsetof(struct hyp_vm_stats, name) },
	HYP_VM_STATS(X)
#undef X
};

static const char *const held_rows[] = {
#define X(name, text) #name,
	HYP_HELD(X)
#undef X
};

static u64 counter(const void *stats, u16 offset)
{
	return READ_ONCE(*(const u64 *)(stats + offset));
}

static u64 vm_sum(struct hyp_vm *vm, unsigned int row)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < HYP_MAX_VCPUS; i++)
		if (vm->vcpu[i])
			sum += counter(&vm->vcpu[i]->stats, vcpu_rows[row].offset);
	return sum;
}

static int vcpu_show(struct seq_file *m, void *unused)
{
	struct hyp_vcpu *vcpu = m->private;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vcpu_rows); i++)
		seq_printf(m, "%-24s %llu\n", vcpu_rows[i].name, counter(&vcpu->stats, vcpu_rows[i].offset));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vcpu);

static int vm_show(struct seq_file *m, void *unused)
{
	struct hyp_vm *vm = m->private;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vcpu_rows); i++)
		seq_printf(m, "%-24s %llu\n", vcpu_rows[i].name, vm_sum(vm, i));
	for (i = 0; i < ARRAY_SIZE(vm_rows); i++)
		seq_printf(m, "%-24s %llu\n", vm_rows[i].name, counter(&vm->stats, vm_rows[i].offset));
	seq_printf(m, "%-24s %llu\n", "table_pages", READ_ONCE(vm->mmu.pages));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vm);

/* One file per counter over all VMs, as tools that know KVM expect. */
static int sum_show(struct seq_file *m, void *unused)
{
	unsigned int row = (unsigned long)m->private;
	struct hyp_vm *vm;
	u64 sum = 0;

	mutex_lock(&vms_lock);
	list_for_each_entry(vm, &vms, link)
		sum += row < ARRAY_SIZE(vcpu_rows) ? vm_sum(vm, row) :
		       counter(&vm->stats, vm_rows[row - ARRAY_SIZE(vcpu_rows)].offset);
	mutex_unlock(&vms_lock);
	seq_printf(m, "%llu\n", sum);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(sum);

static int held_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	for (i = 0; i < HYP_HELD_COUNT; i++)
		seq_printf(m, "%-24s %d\n", held_rows[i], atomic_read(&hyp_held[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(held);

int stats_module_init(void)
{
	unsigned long i;

	root = debugfs_create_dir("kvm", NULL);
	for (i = 0; i < ARRAY_SIZE(vcpu_rows); i++)
		debugfs_create_file(vcpu_rows[i].name, 0444, root, (void *)i, &sum_fops);
	for (i = 0; i < ARRAY_SIZE(vm_rows); i++)
		debugfs_create_file(vm_rows[i].name, 0444, root, (void *)(ARRAY_SIZE(vcpu_rows) + i), &sum_fops);
	debugfs_create_file("held", 0444, root, NULL, &held_fops);
	return 0;
}

void stats_module_exit(void)
{
	debugfs_remove_recursive(root);
}

void stats_vm_add(struct hyp_vm *vm, int fd)
{
	char name[24];

	mutex_lock(&vms_lock);
	list_add(&vm->link, &vms);
	mutex_unlock(&vms_lock);
	snprintf(name, sizeof(name), "%d-%d", task_pid_nr(current), fd);
	vm->debugfs = debugfs_create_dir(name, root);
	debugfs_create_file("vm", 0444, vm->debugfs, vm, &vm_fops);
}

void stats_vcpu_add(struct hyp_vcpu *vcpu)
{
	char name[16];

	if (!vcpu->vm->debugfs)
		return;
	snprintf(name, sizeof(name), "vcpu%u", vcpu->id);
	debugfs_create_file(name, 0444, vcpu->vm->debugfs, vcpu, &vcpu_fops);
}

/* Removal waits for readers: nobody holds a VM that goes. */
void stats_vm_remove(struct hyp_vm *vm)
{
	if (!vm->debugfs)
		return;
	debugfs_remove_recursive(vm->debugfs);
	mutex_lock(&vms_lock);
	list_del(&vm->link);
	mutex_unlock(&vms_lock);
}
