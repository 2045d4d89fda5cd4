/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where snapshots are: under a name in $XDG_DATA_HOME/vambrace/snapshots (default
 * ~/.local/share/vambrace/snapshots), as NAME.vsnap, or in any file.  A file is there under its
 * name only when all of it is on the disk.
 */
#ifndef VMM_MIGRATE_STORE_H
#define VMM_MIGRATE_STORE_H

#include "arm/base.h"

#define STORE_SUFFIX ".vsnap"
#define STORE_NAME_MAX 64

/* A path rather than a name: it has a slash, or ends in STORE_SUFFIX. */
bool store_is_file(const char *word);
/* Letters, digits, '-', '_' and '.', which is not first; at most STORE_NAME_MAX. */
bool store_name_is_valid(const char *name);

/*
 * The path of what the user calls @word, malloc'd.  @make: makes the store's directory if
 * it is a name.  0, or -errno and a sentence in *@err (-EINVAL: no valid name).
 */
int store_path(const char *word, bool make, char **path, char **err);

/* A file that is being made. */
struct store_file;

/*
 * In the directory of @path, without a name until store_commit(), or under another one where files must have one.
 * Mode 0600: guest memory is in it.  0, or -errno and a sentence in *@err; -EEXIST: @path is there.
 */
int store_create(const char *path, struct store_file **out, char **err);
/* Open for reading and writing, empty at first; stays @f's. */
int store_fd(const struct store_file *f);
/* Onto the disk, and under its name.  @f is gone in any case.  0, or -errno and a sentence in *@err. */
int store_commit(struct store_file *f, char **err);
/* Forgets it.  NULL is fine. */
void store_discard(struct store_file *f);
/* What an error of writing means to the user: "PATH: the disk is full; ..." in *@err.  Returns @ret. */
int store_explain(const struct store_file *f, int ret, char **err);

/* What a snapshot says of itself. */
struct store_entry {
	const char *name;	/* in the store; without suffix */
	const char *path;
	u64 bytes;		/* that it takes on the disk */
	s64 mtime;		/* seconds since 1970 */
};

/*
 * Calls @fn for each snapshot in the store, in the order of names, until it gives something else
 * than 0, which comes back.  No directory: none.  -errno and a sentence in *@err: not readable.
 */
int store_each(int (*fn)(void *opaque, const struct store_entry *e), void *opaque, char **err);

/* By name only: files are for rm.  0, or -errno and a sentence in *@err. */
int store_delete(const char *name, char **err);

#endif
