/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/dev/virtio/core.h"
#include "vmm/host/loop.h"

static void task_run(void *opaque)
{
	struct virtio_task *task = opaque;

	loop_remove(task->timer);
	task->timer = NULL;
	virtio_lock(task->vdev);
	task->armed = false;
	virtio_unlock(task->vdev);
	task->fn(task->vdev);
}

/* Sources are only touched on the loop's thread: the delay starts there. */
static void task_start(void *opaque)
{
	struct virtio_task *task = opaque;

	if (!task->delay_ns)
		task_run(task);
	else
		task->timer = loop_add_timer(task->loop, task->delay_ns, 0, task_run, task);
}

void virtio_task_init(struct virtio_task *task, struct virtio_device *vdev, struct loop *loop,
		      u64 delay_ns, void (*fn)(struct virtio_device *vdev))
{
	*task = (struct virtio_task){
		.vdev = vdev,
		.loop = loop,
		.delay_ns = delay_ns,
		.fn = fn,
	};
}

void virtio_task_destroy(struct virtio_task *task)
{
	loop_uncall(task->loop, task_start, task);
	loop_remove(task->timer);
	task->timer = NULL;
}

void virtio_task_arm(struct virtio_task *task)
{
	if (task->armed)
		return;
	task->armed = true;
	loop_call(task->loop, task_start, task);
}
