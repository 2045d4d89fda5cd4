// SPDX-License-Identifier: GPL-2.0-only
/*
 * The other end of selfcheck's --echo, for any host: sends back what comes to a port of the loopback, over UDP and
 * TCP, until it is killed.
 *
 *   echo PORT
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define UDP 0
#define LISTENER 1
#define MAX 64		/* a guest has one connection; those of machines that it has left end with them */

static struct pollfd fds[MAX];
static nfds_t nfds;

static bool add(int fd)
{
	if (fd < 0 || nfds == MAX)
		return false;
	fds[nfds++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	return true;
}

static bool open_port(int type, uint16_t port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, type, 0), one = 1;

	return add(fd) && !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) &&
	       !bind(fd, (struct sockaddr *)&at, sizeof(at)) && (type == SOCK_DGRAM || !listen(fd, 16));
}

static void answer_datagram(void)
{
	char buf[65536];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fds[UDP].fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);

	if (n >= 0)
		sendto(fds[UDP].fd, buf, (size_t)n, 0, (struct sockaddr *)&from, len);
}

/* The peer has less under way than the kernel buffers, so this waits for nobody. */
static bool answer_stream(int fd)
{
	char buf[65536];
	ssize_t n = read(fd, buf, sizeof(buf));

	return n > 0 && send(fd, buf, (size_t)n, MSG_NOSIGNAL) == n;
}

static void serve(void)
{
	if (fds[UDP].revents)
		answer_datagram();
	for (nfds_t i = nfds; --i > LISTENER;) {
		if (!fds[i].revents || answer_stream(fds[i].fd))
			continue;
		close(fds[i].fd);
		fds[i] = fds[--nfds];
	}
	if (fds[LISTENER].revents && !add(accept(fds[LISTENER].fd, NULL, NULL)))
		exit(1);
}

int main(int argc, char **argv)
{
	uint16_t port = argc == 2 ? (uint16_t)atoi(argv[1]) : 0;

	if (!port || !open_port(SOCK_DGRAM, port) || !open_port(SOCK_STREAM, port)) {
		fputs("echo: no port, or it is in use\n", stderr);
		return 1;
	}
	while (poll(fds, nfds, -1) > 0)
		serve();
	return 1;
}
