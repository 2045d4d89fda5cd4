/* SPDX-License-Identifier: GPL-2.0-only */
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "vmm/host/tty.h"
#include "vmm/host/tty_raw.h"

/*
 * The terminal is the process's, not a virtual machine's, and signal handlers
 * have no argument: hence the one variable.  The fields are written while
 * @state is FREE and are constant as long as it is anything else.
 */
enum { FREE, CLAIMED, RAW };

static struct {
	int state;		/* atomic */
	int fd;
	struct termios saved;
	struct termios raw;
	bool atexit_done;
} the_tty;

/* Signals that end the process, after which nobody else would restore the terminal. */
static const int fatal_signals[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGABRT, SIGFPE, SIGSEGV, SIGBUS, SIGTERM, SIGSYS,
	SIGXCPU, SIGXFSZ,
};

bool tty_raw_foreground(int fd)
{
	pid_t group = tcgetpgrp(fd);

	/* An error means that it is not our controlling terminal: nobody to ask. */
	return group < 0 || group == getpgrp();
}

/* Async-signal-safe, as all it calls. */
static void mode_set(const struct termios *t)
{
	int saved_errno = errno;
	sigset_t ttou, old;

	/* In the background the mode is the shell's business, and trying would stop us. */
	if (tty_raw_foreground(the_tty.fd)) {
		sigemptyset(&ttou);
		sigaddset(&ttou, SIGTTOU);
		pthread_sigmask(SIG_BLOCK, &ttou, &old);
		tcsetattr(the_tty.fd, TCSANOW, t);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	errno = saved_errno;
}

void tty_restore(void)
{
	int raw = RAW;

	if (__atomic_compare_exchange_n(&the_tty.state, &raw, CLAIMED, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		mode_set(&the_tty.saved);
}

void tty_raw_enter(void)
{
	int claimed = CLAIMED;

	if (__atomic_compare_exchange_n(&the_tty.state, &claimed, RAW, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		mode_set(&the_tty.raw);
}

static void on_fatal(int sig)
{
	tty_restore();
	/* SA_RESETHAND has made it the default action again. */
	raise(sig);
}

static void on_stop(int sig)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL }, mine;
	int saved_errno = errno;
	bool raw = __atomic_load_n(&the_tty.state, __ATOMIC_SEQ_CST) == RAW;

	tty_restore();
	/* SA_NODEFER: not blocked, stops here and goes on after SIGCONT. */
	sigaction(sig, &dfl, &mine);
	raise(sig);
	sigaction(sig, &mine, NULL);
	if (raw && tty_raw_foreground(the_tty.fd))
		tty_raw_enter();
	errno = saved_errno;
}

static void signal_take(int sig, void (*handler)(int), int flags)
{
	struct sigaction old, new = { .sa_handler = handler, .sa_flags = flags };

	if (!sigaction(sig, NULL, &old) && !(old.sa_flags & SA_SIGINFO) &&
	    old.sa_handler == SIG_DFL)
		sigaction(sig, &new, NULL);
}

static void signal_give_back(int sig, void (*handler)(int))
{
	struct sigaction old, dfl = { .sa_handler = SIG_DFL };

	if (!sigaction(sig, NULL, &old) && !(old.sa_flags & SA_SIGINFO) &&
	    old.sa_handler == handler)
		sigaction(sig, &dfl, NULL);
}

int tty_raw_claim(int fd)
{
	unsigned int i;

	if (__atomic_load_n(&the_tty.state, __ATOMIC_SEQ_CST) != FREE)
		return -EBUSY;
	if (tcgetattr(fd, &the_tty.saved))
		return -errno;
	the_tty.fd = fd;
	the_tty.raw = the_tty.saved;
	cfmakeraw(&the_tty.raw);
	/* Messages of ours and of other programs still begin at the left margin. */
	the_tty.raw.c_oflag |= OPOST;
	__atomic_store_n(&the_tty.state, CLAIMED, __ATOMIC_SEQ_CST);
	if (!the_tty.atexit_done) {
		the_tty.atexit_done = true;
		atexit(tty_restore);
	}
	for (i = 0; i < ARM_ARRAY_SIZE(fatal_signals); i++)
		signal_take(fatal_signals[i], on_fatal, SA_RESETHAND | SA_NODEFER | SA_ONSTACK);
	signal_take(SIGTSTP, on_stop, SA_NODEFER | SA_RESTART);
	return 0;
}

void tty_raw_release(void)
{
	unsigned int i;

	tty_restore();
	for (i = 0; i < ARM_ARRAY_SIZE(fatal_signals); i++)
		signal_give_back(fatal_signals[i], on_fatal);
	signal_give_back(SIGTSTP, on_stop);
	__atomic_store_n(&the_tty.state, FREE, __ATOMIC_SEQ_CST);
}
