/* SPDX-License-Identifier: GPL-2.0-only */
/* --cpu: one of our models, the host's CPU, or one that answers like the identity in a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/config.h"
#include "vmm/host/log.h"

static int no_such_cpu(char **err)
{
	char words[256] = "";
	unsigned int n;
	const struct arm_cpu_model *models = arm_cpu_models(&n);

	for (unsigned int i = 0; i < n; i++)
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s", i ? ", " : "", models[i].name);
	return err_set(err, -EINVAL, "no such CPU; choose %s, host under kvm, or host-of=FILE", words);
}

void config_forget_like(struct vm_config *cfg)
{
	if (cfg->like)
		free(cfg->like->lacking);
	free(cfg->like);
	cfg->like = NULL;
}

int config_set_identity(struct vm_config *cfg, const struct identity *id, struct report *r)
{
	struct config_like *like = calloc(1, sizeof(*like));
	int ret;

	if (!like)
		return -ENOMEM;
	like->id = *id;
	ret = identity_to_model(id, &like->model, r);
	if (ret) {
		free(like);
		return ret;
	}
	if (!report_is_empty(r))
		report_to_err(r, "the guest's CPU has what this translator has not", &like->lacking);
	config_forget_like(cfg);
	cfg->like = like;
	cfg->model = &like->model.model;
	cfg->cpu_given = true;
	cfg->cpu_host = false;
	cfg->aarch64_off = id->aarch32 && arm_has(cfg->model->features, ARM_FEAT_AARCH64);
	return 0;
}

int config_check_like(const struct vm_config *cfg, struct accel *a, const struct arm_cpu_model *model, char **err)
{
	struct report r = { 0 };
	struct identity host;
	int ret;

	if (!cfg->like)
		return 0;
	ret = identity_of(a, model, cfg->like->id.aarch32, cfg->gic_version, &host);
	if (ret)
		return ret;
	identity_check(&cfg->like->id, &host, &r);
	if (!report_is_empty(&r)) {
		report_to_err(&r, "--cpu: KVM gives a guest this host's CPU, which is not like that in the file (use "
			      "--engine emu)", err);
		ret = -EINVAL;
	}
	report_free(&r);
	return ret;
}

/* @name: the model that the file's CPU must be, or NULL. */
static int set_like(struct vm_config *cfg, const char *name, const char *path, char **err)
{
	struct report lacking = { 0 };
	struct identity id;
	FILE *f = fopen(path, "re");
	int ret;

	if (!f)
		return err_set(err, -EINVAL, "%s: %s", path, strerror(errno));
	ret = identity_read(f, path, &id, err);
	fclose(f);
	if (!ret)
		ret = config_set_identity(cfg, &id, &lacking);
	/* That is harmless: the guest does without what the host has besides. */
	report_free(&lacking);
	if (ret == -ENOMEM)
		return ret;
	if (ret)
		return *err ? -EINVAL : err_set(err, -EINVAL, "%s: no CPU here is like that", path);
	if (name && strcmp(name, cfg->model->name))
		return err_set(err, -EINVAL, "%s describes a %s; leave the name away: --cpu host-of=%s", path,
			       cfg->model->name, path);
	return 0;
}

/* What stands behind the name. */
static int set_part(struct vm_config *cfg, const char *name, const char *word, char **err)
{
	if (!strncmp(word, "like=", 5))
		return set_like(cfg, name, word + 5, err);
	if (!strcmp(word, "aarch64=off")) {
		cfg->aarch64_off = true;
		return 0;
	}
	return !strcmp(word, "aarch64=on") ? 0 :
	       err_set(err, -EINVAL, "unknown setting '%s'; a CPU has aarch64=on, aarch64=off and like=FILE", word);
}

int config_set_cpu(struct vm_config *cfg, const char *text, char **err)
{
	char *copy, *next, *name, *word;
	int ret = 0;

	/* One word, or two as one argument. */
	if (!strncmp(text, "host-of", 7) && (text[7] == '=' || text[7] == ' '))
		return set_like(cfg, NULL, text + 8, err);
	copy = next = strdup(text);
	if (!copy)
		return -ENOMEM;
	name = strsep(&next, ",");
	cfg->cpu_host = !strcmp(name, "host");
	if (!cfg->cpu_host)
		cfg->model = arm_cpu_model_find(name);
	cfg->cpu_given = true;
	if (!cfg->model)
		ret = no_such_cpu(err);
	while (!ret && (word = strsep(&next, ",")))
		ret = set_part(cfg, cfg->cpu_host ? NULL : name, word, err);
	free(copy);
	return ret;
}
