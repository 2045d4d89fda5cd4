/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmm/migrate/vmstate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/dev/device.h"
#include "vmm/dev/gic.h"
#include "vmm/host/log.h"
#include "vmm/migrate/cpu.h"
#include "vmm/migrate/object.h"

#define TIME_VERSION 1
#define CPU_VERSION 1
#define DEVICE_VERSION 1	/* how parts follow each other; each part has its table's own */

/* ---- saving ---- */

/* NULL on ENOMEM. */
static struct bytes_out *add_part(struct vmstate_image *img, u32 version, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static struct bytes_out *add_part(struct vmstate_image *img, u32 version, const char *fmt, ...)
{
	struct vmstate_part *p = realloc(img->part, (img->parts + 1) * sizeof(*p));
	va_list ap;

	if (!p)
		return NULL;
	img->part = p;
	p += img->parts++;
	*p = (struct vmstate_part){ .version = version };
	va_start(ap, fmt);
	vsnprintf(p->name, sizeof(p->name), fmt, ap);
	va_end(ap);
	return &p->bytes;
}

static int save_time(const struct vmstate *v, struct vmstate_image *img)
{
	struct bytes_out *b = add_part(img, TIME_VERSION, "time");
	u64 count;
	u32 hz;
	int ret = v->accel->ops->get_count(v->accel, &count, &hz);

	if (!b)
		return -ENOMEM;
	bytes_put_u64(b, count);
	bytes_put_u32(b, hz);
	return ret ? ret : b->error;
}

static int save_cpus(const struct vmstate *v, struct vmstate_image *img)
{
	int ret = 0;

	for (unsigned int i = 0; i < v->cpus && !ret; i++) {
		struct bytes_out *b = add_part(img, CPU_VERSION, "cpu/%u", i);

		ret = b ? cpu_put(b, v->accel, i, v->model) : -ENOMEM;
		if (!ret)
			ret = b->error;
	}
	return ret;
}

/* The interrupt controller that the engine has; the machine's is one of its devices. */
static int save_engine_gic(const struct vmstate *v, struct vmstate_image *img)
{
	struct bytes_out *b;
	struct gicv2 *g;
	int ret;

	if (!v->accel->ops->get_gic)
		return 0;
	b = add_part(img, DEVICE_VERSION, "gic");
	g = calloc(1, sizeof(*g));
	ret = b && g ? v->accel->ops->get_gic(v->accel, g) : -ENOMEM;
	if (!ret) {
		bytes_put_u8(b, 1);
		object_put(b, &gic_save_table, g);
		ret = b->error;
	}
	free(g);
	return ret;
}

static void section_name(const struct machine_device *d, char out[STREAM_NAME_MAX + 1])
{
	bool gic = !strcmp(d->name, "gic");

	snprintf(out, STREAM_NAME_MAX + 1, "%s%s", gic ? "" : "device/", d->name);
}

static int save_device(const struct machine_device *d, struct vmstate_image *img)
{
	struct save_part parts[SAVE_PARTS];
	char name[STREAM_NAME_MAX + 1];
	struct bytes_out *b;
	unsigned int n;

	section_name(d, name);
	b = add_part(img, DEVICE_VERSION, "%s", name);
	if (!b)
		return -ENOMEM;
	n = device_parts(d->dev, parts);
	bytes_put_u8(b, (u8)n);
	for (unsigned int i = 0; i < n; i++)
		object_put(b, parts[i].table, parts[i].obj);
	return b->error;
}

void vmstate_drain(const struct vmstate *v)
{
	const struct machine_device *dev;
	unsigned int n = v->machine->ops->devices(v->machine, &dev);

	for (unsigned int i = 0; i < n; i++)
		if (dev[i].dev->ops->drain)
			dev[i].dev->ops->drain(dev[i].dev);
}

/* From the last to the first, which is the GIC: it has all that they drive. */
static int save_devices(const struct vmstate *v, struct vmstate_image *img)
{
	const struct machine_device *dev;
	unsigned int n = v->machine->ops->devices(v->machine, &dev);
	int ret = 0;

	while (n-- && !ret)
		ret = save_device(&dev[n], img);
	return ret;
}

static void reverse(struct vmstate_image *img)
{
	for (unsigned int i = 0, k = img->parts; i + 1 < k; i++) {
		struct vmstate_part p = img->part[i];

		img->part[i] = img->part[--k];
		img->part[k] = p;
	}
}

int vmstate_save(const struct vmstate *v, struct vmstate_image *out, char **err)
{
	int ret;

	*out = (struct vmstate_image){ 0 };
	if (v->gic_version != 2)
		return err_set(err, -EOPNOTSUPP, "the guest has a GICv%u, and only a GICv2's state can move",
			       v->gic_version);
	/* Backwards, and sent forwards: who depends on another is saved before and loaded after it. */
	ret = save_cpus(v, out);
	if (!ret)
		ret = save_devices(v, out);
	if (!ret)
		ret = save_engine_gic(v, out);
	if (!ret)
		ret = save_time(v, out);
	reverse(out);
	if (ret && !*err)
		err_set(err, ret, "the state of the machine cannot be read: %s", strerror(-ret));
	return ret;
}

int vmstate_image_send(const struct vmstate_image *img, struct stream_out *s)
{
	int ret = 0;

	for (unsigned int i = 0; i < img->parts && !ret; i++)
		ret = stream_out_section(s, img->part[i].name, img->part[i].version, &img->part[i].bytes);
	return ret;
}

void vmstate_image_free(struct vmstate_image *img)
{
	for (unsigned int i = 0; i < img->parts; i++)
		bytes_free(&img->part[i].bytes);
	free(img->part);
	*img = (struct vmstate_image){ 0 };
}

/* ---- loading ---- */

void vmstate_in_begin(struct vmstate_in *in, const struct vmstate *v, bool apply)
{
	*in = (struct vmstate_in){ .v = v, .apply = apply };
}

static int twice(const struct stream_section *s, char **err)
{
	return err_set(err, -EBADMSG, "the stream has %s twice", s->name);
}

static int check_version(const struct stream_section *s, u32 ours, char **err)
{
	if (s->version <= ours)
		return 0;
	return err_set(err, -EPROTONOSUPPORT, "%s has version %u, and this vambrace knows %u at most; take a newer one",
		       s->name, s->version, ours);
}

static int load_time(struct vmstate_in *in, struct stream_section *s, char **err)
{
	u32 hz, ours;
	u64 count, now;
	int ret;

	if (in->time)
		return twice(s, err);
	in->time = true;
	count = bytes_get_u64(&s->bytes);
	hz = bytes_get_u32(&s->bytes);
	if (s->bytes.error)
		return s->bytes.error;
	ret = in->v->accel->ops->get_count(in->v->accel, &now, &ours);
	if (ret)
		return ret;
	if (hz != ours)
		report_value(&in->report, "CNTFRQ (Hz)", hz, ours, ~0u,
			     "the guest measures time by the counter; move it to a host whose counter is as fast");
	/* Before the CPUs' timers, which are compared with it. */
	return in->apply ? in->v->accel->ops->set_count(in->v->accel, count) : 0;
}

static int load_cpu(struct vmstate_in *in, struct stream_section *s, char **err)
{
	char *end;
	unsigned long n = strtoul(s->name + strlen("cpu/"), &end, 10);

	if (*end || end == s->name + strlen("cpu/") || n >= in->v->cpus)
		return err_set(err, -EBADMSG, "the stream has %s, and the machine %u CPUs", s->name, in->v->cpus);
	if (in->cpus & 1u << n)
		return twice(s, err);
	in->cpus |= 1u << n;
	return cpu_get(&s->bytes, in->v->accel, (unsigned int)n, in->v->model, in->apply, &in->report, err);
}

static int load_engine_gic(struct vmstate_in *in, struct stream_section *s, char **err)
{
	u8 parts = bytes_get_u8(&s->bytes);
	struct gicv2 *g;

	if (in->gic)
		return twice(s, err);
	in->gic = true;
	if (parts != 1)
		return err_set(err, -EBADMSG, "gic: %u parts", parts);
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	in->engine_gic = g;
	gicv2_init(g, in->v->cpus, in->v->gic_irqs);
	return object_get(&s->bytes, &gic_save_table, g, err);
}

static int load_parts(struct device *dev, struct stream_section *s, char **err)
{
	struct save_part parts[SAVE_PARTS];
	unsigned int n = device_parts(dev, parts), theirs = bytes_get_u8(&s->bytes);
	int ret = 0;

	/* The first part knows best what is different, and says it. */
	for (unsigned int i = 0; i < n && i < theirs && !ret; i++)
		ret = object_get(&s->bytes, parts[i].table, parts[i].obj, err);
	if (!ret && theirs != n)
		return err_set(err, -EINVAL, "%s: it is another kind of device here", s->name);
	return ret;
}

static int load_device(struct vmstate_in *in, struct stream_section *s, char **err)
{
	const struct machine_device *dev;
	unsigned int n = in->v->machine->ops->devices(in->v->machine, &dev);
	char name[STREAM_NAME_MAX + 1];

	for (unsigned int i = 0; i < n; i++) {
		section_name(&dev[i], name);
		if (strcmp(name, s->name))
			continue;
		if (in->devices & ARM_BIT(i))
			return twice(s, err);
		in->devices |= ARM_BIT(i);
		return load_parts(dev[i].dev, s, err);
	}
	return err_set(err, -EINVAL, "%s: this machine has no such device", s->name);
}

/* A device's own sentence is one reason among others when the user wants to know them all. */
static int load_any_device(struct vmstate_in *in, struct stream_section *s, char **err)
{
	char *why = NULL;
	int ret = load_device(in, s, &why);

	if (ret == -EINVAL) {
		report_add(&in->report, "%s", why ? why : s->name);
		free(why);
		s->bytes.len = 0;
		return 0;
	}
	if (why && err)
		*err = why;
	return ret;
}

static int load_section(struct vmstate_in *in, struct stream_section *s, char **err)
{
	bool gic = !strcmp(s->name, "gic");

	if (!strcmp(s->name, "time"))
		return check_version(s, TIME_VERSION, err) ?: load_time(in, s, err);
	if (!strncmp(s->name, "cpu/", 4))
		return check_version(s, CPU_VERSION, err) ?: load_cpu(in, s, err);
	if (!gic && strncmp(s->name, "device/", 7))
		return -ENOENT;
	if (gic && in->v->accel->ops->set_gic)
		return check_version(s, DEVICE_VERSION, err) ?: load_engine_gic(in, s, err);
	return check_version(s, DEVICE_VERSION, err) ?: load_any_device(in, s, err);
}

int vmstate_in_section(struct vmstate_in *in, struct stream_section *s, char **err)
{
	int ret = load_section(in, s, err);

	if (!ret && s->bytes.len)
		ret = err_set(err, -EBADMSG, "%s: there is more than was announced", s->name);
	return ret;
}

/* What has not come; the name of the first in @out. */
static bool is_complete(const struct vmstate_in *in, char out[STREAM_NAME_MAX + 1])
{
	const struct machine_device *dev;
	unsigned int n = in->v->machine->ops->devices(in->v->machine, &dev);

	if (!in->time || (in->v->accel->ops->set_gic && !in->gic)) {
		snprintf(out, STREAM_NAME_MAX + 1, "%s", in->time ? "gic" : "time");
		return false;
	}
	for (unsigned int i = 0; i < in->v->cpus; i++) {
		snprintf(out, STREAM_NAME_MAX + 1, "cpu/%u", i);
		if (!(in->cpus & 1u << i))
			return false;
	}
	for (unsigned int i = 0; i < n; i++) {
		section_name(&dev[i], out);
		if (!(in->devices & ARM_BIT(i)))
			return false;
	}
	return true;
}

static int give_to_engine(struct vmstate_in *in)
{
	const struct accel_ops *ops = in->v->accel->ops;
	int ret = 0;

	/* What it has pending counts, not the edges that devices made when they drove their lines again. */
	if (in->engine_gic)
		ret = ops->set_gic(in->v->accel, in->engine_gic);
	for (unsigned int i = 0; i < in->v->cpus && !ret; i++)
		ret = ops->put_state ? ops->put_state(in->v->accel, i) : 0;
	return ret;
}

void vmstate_in_free(struct vmstate_in *in)
{
	report_free(&in->report);
	free(in->engine_gic);
	in->engine_gic = NULL;
}

int vmstate_in_end(struct vmstate_in *in, char **err)
{
	char missing[STREAM_NAME_MAX + 1];
	int ret = 0;

	if (!is_complete(in, missing))
		report_add(&in->report, "%s: the stream has it not", missing);
	if (!report_is_empty(&in->report)) {
		report_to_err(&in->report, "the guest cannot go on here", err);
		ret = -EINVAL;
	} else if (in->apply) {
		ret = give_to_engine(in);
		if (ret)
			err_set(err, ret, "the state cannot be given to the engine: %s", strerror(-ret));
	}
	if (!in->apply)
		in->v->machine->ops->reset(in->v->machine);
	vmstate_in_free(in);
	return ret;
}
