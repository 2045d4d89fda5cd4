// SPDX-License-Identifier: GPL-2.0-only
/* The other AArch32: a32diff_oracle as a child process behind two pipes. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/isa/a32diff_host.h"

struct t_peer {
	pid_t pid;
	FILE *to, *from;
};

static int spawn(struct t_peer *p, char *const argv[])
{
	int in[2], out[2];

	if (pipe(in))
		return -errno;
	if (pipe(out))
		return -errno;
	p->pid = fork();
	if (p->pid < 0)
		return -errno;
	if (!p->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);	/* it may be in an endless loop */
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	p->to = fdopen(in[1], "wb");
	p->from = fdopen(out[0], "rb");
	return p->to && p->from ? 0 : -ENOMEM;
}

struct t_peer *t_peer_open(char *const argv[])
{
	struct t_peer *p = calloc(1, sizeof(*p));

	signal(SIGPIPE, SIG_IGN);
	if (!p || spawn(p, argv)) {
		perror("a32diff: oracle");
		free(p);
		return NULL;
	}
	return p;
}

int t_peer_run(struct t_peer *p, const struct t_batch_buf *b, struct t_result *res)
{
	struct t_batch head = { .cases = b->n, .slot_bytes = b->slot_bytes };

	if (fwrite(&head, sizeof(head), 1, p->to) != 1 ||
	    fwrite(b->cases, sizeof(*b->cases), b->n, p->to) != b->n ||
	    fwrite(b->slots, b->slot_bytes, b->n, p->to) != b->n || fflush(p->to))
		return -EPIPE;
	return fread(res, sizeof(*res), b->n, p->from) == b->n ? 0 : -EPIPE;
}

void t_peer_close(struct t_peer *p)
{
	struct t_batch end = { .cases = 0 };

	fwrite(&end, sizeof(end), 1, p->to);
	fclose(p->to);
	fclose(p->from);
	waitpid(p->pid, NULL, 0);
	free(p);
}
