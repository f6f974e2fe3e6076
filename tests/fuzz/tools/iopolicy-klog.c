// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of the kernel's log. A pipe in packet mode returns one record for each read, as /dev/kmsg
 * does.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "kernel/kernel.h"
#include "msg.h"

#define MAX_RECORDS 8

int fuzz__input(const uint8_t *data, size_t size)
{
	char *text = fuzz__string(data, size), *rest = text, *record, found[KLOG_MAX];
	unsigned int i;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_DIRECT))
		abort();
	for (i = 0; i < MAX_RECORDS && (record = strsep(&rest, "\f")); i++)
		if (*record && write(fds[1], record, strnlen(record, 4096)) < 0)
			abort();
	close(fds[1]);
	fuzz__capture();
	klog__read(fds[0], found);
	msg("%s", found);
	fuzz__check(FUZZ_ANY);
	free(text);
	return 0;
}
