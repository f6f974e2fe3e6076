// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps a CPU in the kernel's calls on BPF maps, which most tracing tools make. While such a call
 * copies a value, this kernel runs no BPF program of a kprobe on that CPU, so that an interrupt
 * then passes unseen. Prints a line when it begins, and "calls=N" after SIGTERM. Exits with 1 for a
 * failure.
 */
#include <bpf/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define VALUE (2u << 20) /* most of a call is then the copy */

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
	(void)signal;
	stop = 1;
}

int main(void)
{
	unsigned long long calls = 0;
	unsigned int key = 0;
	void *value = calloc(1, VALUE);
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "busy", sizeof(key), VALUE, 1, NULL);

	if (!value || map < 0) {
		fprintf(stderr, "bpf-busy: no map\n");
		return 1;
	}
	signal(SIGTERM, on_signal);
	puts("busy");
	fflush(stdout);
	for (; !stop; calls++)
		if (bpf_map_update_elem(map, &key, value, BPF_ANY)) {
			perror("bpf-busy: update");
			return 1;
		}
	printf("calls=%llu\n", calls);
	return 0;
}
