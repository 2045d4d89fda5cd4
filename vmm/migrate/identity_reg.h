/* SPDX-License-Identifier: GPL-2.0-only */
/* The registers of a struct identity: what the files that make, write and use one share. */
#ifndef VMM_MIGRATE_IDENTITY_REG_H
#define VMM_MIGRATE_IDENTITY_REG_H

#include "vmm/migrate/identity.h"

/* Is it of those that an identity has? */
bool identity_has_reg(enum arm_sysreg reg);
bool identity_has_reg32(enum arm_sysreg32 reg);
/* The number of such a register, or -ENOENT. */
int identity_reg_by_name(const char *name);
int identity_reg32_by_name(const char *name);
const char *identity_reg_name(u16 reg);

/* The register in @id, or NULL. */
const struct arm_id_value *identity_find(const struct identity *id, u16 reg);
/* 0; -EEXIST, -ENOSPC. */
int identity_add(struct identity *id, u16 reg, u64 value);
int identity_add32(struct identity *id, u16 reg, u64 value);

#endif
