// SPDX-License-Identifier: GPL-2.0-only
/* A vCPU: its file, its reset, its ioctls. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "arm/psr.h"
#include "hyp/hyp.h"

/* What KVM_RUN and everything about registers needs: KVM_ARM_VCPU_INIT. */
static int need_init(const struct hyp_vcpu *vcpu)
{
	return vcpu->initialized ? 0 : -ENOEXEC;
}

/*
 * Before registers are looked at or changed: a CPU_ON that was accepted has happened, though the vCPU has
 * not run since.  Else a VM that is saved between the two would lose its entry point.
 */
static int need_registers(struct hyp_vcpu *vcpu)
{
	int ret = need_init(vcpu);

	if (!ret && test_and_clear_bit(HYP_REQ_RESET, &vcpu->requests))
		psci_apply_reset(vcpu);
	return ret;
}

/* The GIC's state of the vCPU stays, as with KVM always: user space writes its registers. */
void vcpu_reset(struct hyp_vcpu *vcpu)
{
	struct hyp_guest *g = vcpu->guest;

	memset(&g->core, 0, sizeof(g->core));
	g->core.cpsr = PSR32_M_SVC | PSR32_AIF;
	memset(&g->vfp, 0, sizeof(g->vfp));
	g->virq = 0;
	vcpu->mmio.valid = false;
	cp15_reset(vcpu);
	low_guest_reset(g);
	vtimer_vcpu_reset(vcpu);
}

/* The first call fixes target and features; each one resets the vCPU. */
static int vcpu_init(struct hyp_vcpu *vcpu, const struct kvm_vcpu_init *init)
{
	const u32 known = 1u << KVM_ARM_VCPU_POWER_OFF | 1u << KVM_ARM_VCPU_PSCI_0_2;
	unsigned int i;

	if (init->target != low_target())
		return -EINVAL;
	if (init->features[0] & ~known)
		return -ENOENT;
	for (i = 1; i < ARRAY_SIZE(init->features); i++)
		if (init->features[i])
			return -ENOENT;
	if (vcpu->initialized && (vcpu->target != init->target || vcpu->features != init->features[0]))
		return -EINVAL;
	vcpu->target = init->target;
	vcpu->features = init->features[0];
	/* A reboot: what the guest wrote with its caches off must not be hidden by what we cached. */
	if (vcpu->has_run)
		mmu_unmap_vm(vcpu->vm);
	clear_bit(HYP_REQ_RESET, &vcpu->requests);
	clear_bit(HYP_REQ_STOP, &vcpu->requests);
	vcpu_reset(vcpu);
	psci_set_power(vcpu, !(vcpu->features & 1u << KVM_ARM_VCPU_POWER_OFF));
	vcpu->initialized = true;
	return 0;
}

static int vcpu_set_mp_state(struct hyp_vcpu *vcpu, u32 state)
{
	if (state != KVM_MP_STATE_RUNNABLE && state != KVM_MP_STATE_STOPPED)
		return -EINVAL;
	psci_set_power(vcpu, state == KVM_MP_STATE_RUNNABLE);
	return 0;
}

static void vcpu_get_events(struct hyp_vcpu *vcpu, struct kvm_vcpu_events *e)
{
	memset(e, 0, sizeof(*e));
	e->exception.serror_pending = !!(vcpu->guest->virq & 1u << HCR_VA);
}

static int vcpu_set_events(struct hyp_vcpu *vcpu, const struct kvm_vcpu_events *e)
{
	unsigned int i;

	/* No RAS extension: the SError has no syndrome. */
	if (e->exception.serror_has_esr)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(e->reserved); i++)
		if (e->reserved[i])
			return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(e->exception.pad); i++)
		if (e->exception.pad[i])
			return -EINVAL;
	if (e->exception.ext_dabt_pending) {
		/* Instead of finishing the access that went to user space. */
		vcpu->mmio.valid = false;
		inject_dabt(vcpu, vcpu->guest->hxfar);
	}
	if (e->exception.serror_pending)
		inject_serror(vcpu);
	return 0;
}

static int vcpu_set_sigmask(struct hyp_vcpu *vcpu, struct kvm_signal_mask __user *argp)
{
	struct kvm_signal_mask mask;
	sigset_t set;

	if (!argp) {
		vcpu->sigset_active = false;
		return 0;
	}
	if (copy_from_user(&mask, argp, sizeof(mask)))
		return -EFAULT;
	if (mask.len != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, argp->sigset, sizeof(set)))
		return -EFAULT;
	sigdelsetmask(&set, sigmask(SIGKILL) | sigmask(SIGSTOP));
	vcpu->sigset = set;
	vcpu->sigset_active = true;
	return 0;
}

static long vcpu_ioctl_attr(struct hyp_vcpu *vcpu, unsigned int ioctl, void __user *argp)
{
	struct kvm_device_attr attr;

	if (copy_from_user(&attr, argp, sizeof(attr)))
		return -EFAULT;
	if (attr.group != KVM_ARM_VCPU_TIMER_CTRL)
		return -ENXIO;
	switch (ioctl) {
	case KVM_SET_DEVICE_ATTR:
		return vtimer_set_attr(vcpu, &attr);
	case KVM_GET_DEVICE_ATTR:
		return vtimer_get_attr(vcpu, &attr);
	}
	return vtimer_has_attr(vcpu, &attr);
}

/* Ioctls that get a structure or give one.  Not inline, as all but KVM_RUN: its frame is not for that. */
static noinline long vcpu_ioctl_state(struct hyp_vcpu *vcpu, unsigned int ioctl, void __user *argp)
{
	union {
		struct kvm_mp_state mp;
		struct kvm_vcpu_events events;
		struct kvm_one_reg reg;
		struct kvm_vcpu_init init;
	} a = {};
	bool gives = ioctl == KVM_GET_MP_STATE || ioctl == KVM_GET_VCPU_EVENTS;
	long ret = 0;

	if (!gives && copy_from_user(&a, argp, _IOC_SIZE(ioctl)))
		return -EFAULT;
	switch (ioctl) {
	case KVM_ARM_VCPU_INIT:
		return vcpu_init(vcpu, &a.init);
	case KVM_GET_MP_STATE:
		a.mp.mp_state = psci_is_off(vcpu) ? KVM_MP_STATE_STOPPED : KVM_MP_STATE_RUNNABLE;
		break;
	case KVM_SET_MP_STATE:
		return vcpu_set_mp_state(vcpu, a.mp.mp_state);
	case KVM_GET_VCPU_EVENTS:
		ret = need_registers(vcpu);
		vcpu_get_events(vcpu, &a.events);
		break;
	case KVM_SET_VCPU_EVENTS:
		ret = need_registers(vcpu);
		return ret ? ret : vcpu_set_events(vcpu, &a.events);
	case KVM_GET_ONE_REG:
		ret = need_registers(vcpu);
		return ret ? ret : vcpu_get_reg(vcpu, &a.reg);
	case KVM_SET_ONE_REG:
		ret = need_registers(vcpu);
		return ret ? ret : vcpu_set_reg(vcpu, &a.reg);
	}
	return ret ? ret : copy_to_user(argp, &a, _IOC_SIZE(ioctl)) ? -EFAULT : 0;
}

static noinline long vcpu_ioctl_locked(struct hyp_vcpu *vcpu, unsigned int ioctl, unsigned long arg)
{
	void __user *argp = (void __user *)arg;
	int ret;

	switch (ioctl) {
	case KVM_GET_REG_LIST:
		ret = need_init(vcpu);
		return ret ? ret : vcpu_get_reg_list(vcpu, argp);
	case KVM_SET_SIGNAL_MASK:
		return vcpu_set_sigmask(vcpu, argp);
	case KVM_SET_DEVICE_ATTR:
	case KVM_GET_DEVICE_ATTR:
	case KVM_HAS_DEVICE_ATTR:
		return vcpu_ioctl_attr(vcpu, ioctl, argp);
	case KVM_ARM_VCPU_INIT:
	case KVM_GET_MP_STATE:
	case KVM_SET_MP_STATE:
	case KVM_GET_VCPU_EVENTS:
	case KVM_SET_VCPU_EVENTS:
	case KVM_GET_ONE_REG:
	case KVM_SET_ONE_REG:
		return vcpu_ioctl_state(vcpu, ioctl, argp);
	}
	return -EINVAL;
}

static long vcpu_ioctl_run(struct hyp_vcpu *vcpu, unsigned long arg)
{
	int ret = arg ? -EINVAL : need_init(vcpu);

	return ret ? ret : vcpu_run(vcpu);
}

static long vcpu_ioctl(struct file *file, unsigned int ioctl, unsigned long arg)
{
	struct hyp_vcpu *vcpu = file->private_data;
	long ret;

	if (current->mm != vcpu->vm->mm)
		return -EIO;
	if (_IOC_TYPE(ioctl) != KVMIO)
		return -EINVAL;
	/* It is free but for mistakes, and then this is half of the other. */
	if (!mutex_trylock(&vcpu->mutex) && mutex_lock_killable(&vcpu->mutex))
		return -EINTR;
	ret = ioctl == KVM_RUN ? vcpu_ioctl_run(vcpu, arg) : vcpu_ioctl_locked(vcpu, ioctl, arg);
	mutex_unlock(&vcpu->mutex);
	return ret;
}

static vm_fault_t vcpu_fault(struct vm_fault *vmf)
{
	struct hyp_vcpu *vcpu = vmf->vma->vm_file->private_data;
	void *page[HYP_VCPU_MMAP_PAGES] = { vcpu->run, vcpu->vm->io.ring };

	if (vmf->pgoff >= HYP_VCPU_MMAP_PAGES)
		return VM_FAULT_SIGBUS;
	vmf->page = virt_to_page(page[vmf->pgoff]);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct vcpu_vm_ops = {
	.fault = vcpu_fault,
};

static int vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &vcpu_vm_ops;
	return 0;
}

static int vcpu_release(struct inode *inode, struct file *file)
{
	struct hyp_vcpu *vcpu = file->private_data;

	vm_put(vcpu->vm);	/* the vCPU goes with its VM */
	return 0;
}

static const struct file_operations vcpu_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vcpu_ioctl,
	.mmap = vcpu_mmap,
	.release = vcpu_release,
	.llseek = noop_llseek,
};

static struct hyp_vcpu *vcpu_alloc(struct hyp_vm *vm, unsigned int id)
{
	struct hyp_vcpu *vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);

	if (!vcpu)
		return NULL;
	/* Lowmem, which HYP has mapped (low.h). */
	vcpu->guest = (void *)__get_free_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO,
					       get_order(sizeof(*vcpu->guest)));
	vcpu->run = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->cpu = -1;
	mutex_init(&vcpu->mutex);
	rcuwait_init(&vcpu->wait);
	if (vcpu->guest && vcpu->run) {
		held_add(HYP_HELD_vcpus, 1);
		vcpu->guest->vcpu = vcpu;
		vcpu->guest->dist_hpfar = ~0u;
		vtimer_vcpu_init(vcpu);
		vgic_vcpu_init(vcpu);
		return vcpu;
	}
	free_pages((unsigned long)vcpu->guest, get_order(sizeof(*vcpu->guest)));
	free_page((unsigned long)vcpu->run);
	kfree(vcpu);
	return NULL;
}

void vcpu_free(struct hyp_vcpu *vcpu)
{
	vtimer_vcpu_destroy(vcpu);
	vgic_fetch(vcpu);
	held_add(HYP_HELD_vcpus, -1);
	free_pages((unsigned long)vcpu->guest, get_order(sizeof(*vcpu->guest)));
	free_page((unsigned long)vcpu->run);
	kfree(vcpu);
}

/* The affinity that KVM has always given: four CPUs to a cluster. */
u32 vcpu_mpidr(unsigned int id)
{
	return 1u << 31 | (id >> 2) << 8 | (id & 3);
}

int vcpu_create_fd(struct hyp_vm *vm, unsigned long id)
{
	struct hyp_vcpu *vcpu;
	struct file *file;
	int fd;

	if (id >= HYP_MAX_VCPUS)
		return -EINVAL;
	mutex_lock(&vm->lock);
	fd = vm->vcpu[id] ? -EEXIST : vgic_frozen(vm) ? -EBUSY : 0;
	if (fd)
		goto unlock;
	fd = -ENOMEM;
	vcpu = vcpu_alloc(vm, id);
	if (!vcpu)
		goto unlock;
	fd = get_unused_fd_flags(O_RDWR | O_CLOEXEC);
	if (fd < 0)
		goto free;
	file = anon_inode_getfile("kvm-vcpu", &vcpu_fops, vcpu, O_RDWR);
	if (IS_ERR(file))
		goto put_fd;
	vm_get(vm);	/* vcpu_release() gives it back */
	psci_set_mpidr(vcpu, vcpu_mpidr(id));
	/* Others may find it from here on, so nothing can fail any more. */
	smp_store_release(&vm->vcpu[id], vcpu);
	vm->vcpus++;
	stats_vcpu_add(vcpu);
	fd_install(fd, file);
	goto unlock;
put_fd:
	put_unused_fd(fd);
	fd = PTR_ERR(file);
free:
	vcpu_free(vcpu);
unlock:
	mutex_unlock(&vm->lock);
	return fd;
}
