// SPDX-License-Identifier: GPL-2.0
/*
 * Counts the instructions that system calls execute, for programs in Python.
 *
 * In a guest whose clock counts instructions (QEMU's -icount shift=0) the time
 * stamp counter goes up by one with each. It is read right before and right
 * after the calls, so that what the caller does is no part of a figure.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

static inline unsigned long now(void)
{
	unsigned int low, high;

	asm volatile("rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (unsigned long)high << 32 | low;
}

unsigned long counter(void)
{
	return now();
}

/* Executes 2 * turns instructions and a few more, always as many. */
unsigned long loop(unsigned long turns)
{
	unsigned long begin = now();

	asm volatile("1: dec %0; jnz 1b" : "+r" (turns) : : "cc");
	return now() - begin;
}

/* Sends all messages with one system call; 0 says that some were not sent. */
unsigned long send_batch(int fd, struct mmsghdr *messages, unsigned int number)
{
	unsigned long begin = now();
	int sent = sendmmsg(fd, messages, number, 0);
	unsigned long end = now();

	return sent == (int)number ? end - begin : 0;
}

/* Sends a byte and receives it at the other end, so many times. */
unsigned long pass_bytes(int from, int to, unsigned int number)
{
	unsigned long begin = now();
	char byte = 0;

	while (number--) {
		if (send(from, &byte, 1, 0) != 1 || recv(to, &byte, 1, 0) != 1)
			return 0;
	}
	return now() - begin;
}

/* Takes what is waiting at a socket, and how much that was. */
unsigned int drain(int fd)
{
	char buffer[2048];
	unsigned int number = 0;

	while (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) >= 0)
		number++;
	return errno == EAGAIN ? number : -1;
}
