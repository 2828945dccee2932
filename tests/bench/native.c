// SPDX-License-Identifier: GPL-2.0
/*
 * Takes the time of what is sent and received, for programs in Python.
 *
 * Each function does the same thing many times and writes down, for each batch,
 * how far the time stamp counter has gone on. Batches are short: of what the
 * machine does meanwhile, each disturbance meets one or two of them.
 */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel frees packets 32 at a time. */
#define AT_ONCE 64
#define WINDOW 8

static inline unsigned long now(void)
{
	unsigned int low, high;

	/* Not before all that comes before it is done. */
	asm volatile("lfence; rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (unsigned long)high << 32 | low;
}

unsigned long counter(void)
{
	return now();
}

unsigned int at_once(void)
{
	return AT_ONCE;
}

static void fill(struct mmsghdr *messages, int number, struct iovec *vector,
		 void *name, unsigned int length)
{
	while (number--) {
		messages[number].msg_hdr = (struct msghdr) {
			.msg_name = name, .msg_namelen = length,
			.msg_iov = vector, .msg_iovlen = 1,
		};
	}
}

/* Sends datagrams to an address with one system call, and takes them with one. */
int datagrams(int from, int to, void *name, unsigned int length,
	      unsigned int batches, unsigned long *ticks)
{
	static struct mmsghdr sent[AT_ONCE], received[AT_ONCE];
	char byte = 0;
	struct iovec vector = { &byte, 1 };

	fill(sent, AT_ONCE, &vector, name, length);
	fill(received, AT_ONCE, &vector, NULL, 0);
	while (batches--) {
		unsigned long begin = now();

		if (sendmmsg(from, sent, AT_ONCE, 0) != AT_ONCE ||
		    recvmmsg(to, received, AT_ONCE, 0, NULL) != AT_ONCE)
			return -1;
		*ticks++ = now() - begin;
	}
	return 0;
}

/*
 * Sends bytes over a connection and takes them, a window of them with two system
 * calls. Each is a segment of its own: the smallest window that a connection has
 * is ten. All are acknowledged when they are taken.
 */
int bytes(int from, int to, unsigned int batches, unsigned long *ticks)
{
	static struct mmsghdr sent[WINDOW];
	char byte = 0, taken[WINDOW];
	struct iovec vector = { &byte, 1 };

	fill(sent, WINDOW, &vector, NULL, 0);
	while (batches--) {
		unsigned long begin = now();

		for (int i = 0; i < AT_ONCE; i += WINDOW) {
			if (sendmmsg(from, sent, WINDOW, 0) != WINDOW ||
			    recv(to, taken, WINDOW, MSG_WAITALL) != WINDOW)
				return -1;
		}
		*ticks++ = now() - begin;
	}
	return 0;
}

/* Calls the kernel, which has nothing to do. */
int calls(unsigned int batches, unsigned long *ticks)
{
	while (batches--) {
		unsigned long begin = now();

		for (int i = 0; i < AT_ONCE; i++)
			syscall(SYS_getppid);
		*ticks++ = now() - begin;
	}
	return 0;
}

/*
 * Sends a request of netlink and takes all answers, until the one that says that
 * there are no more; tells how many there were.
 */
int exchange(int fd, const void *request, unsigned int length,
	     unsigned long *ticks)
{
	static char buffer[1 << 17];
	unsigned long begin = now();
	int answers = 0;

	if (send(fd, request, length, 0) != (int)length)
		return -1;
	for (;;) {
		int left = recv(fd, buffer, sizeof(buffer), 0);
		struct nlmsghdr *message = (void *)buffer;

		if (left <= 0)
			return -1;
		for (; NLMSG_OK(message, (unsigned int)left);
		     message = NLMSG_NEXT(message, left)) {
			if (message->nlmsg_type == NLMSG_ERROR)
				return -1;
			if (message->nlmsg_type == NLMSG_DONE) {
				*ticks = now() - begin;
				return answers;
			}
			answers++;
		}
	}
}
