// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file that a process has mapped, as iosnoop --stacks reads it: any process may map a file with
 * damaged symbols. This process maps it, and looks up addresses in it.
 */
#include "../../../tools/iosnoop/model/symbols.c" // NOLINT: without reading /proc/kallsyms

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

static void *map_file(const char *path, const uint8_t *data, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	void *map;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	map = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		abort();
	return map;
}

int fuzz__input(const uint8_t *data, size_t size)
{
	const struct symbols_owner owner = { getpid(), getpid(), ~0ULL };
	struct symbols *symbols;
	char path[64];
	__u32 offset;
	bool is_new;
	size_t at;
	void *map;

	if (size < 64)
		return 0;
	snprintf(path, sizeof(path), "/dev/shm/fuzz-elf-%d", getpid());
	map = map_file(path, data, size);
	symbols = calloc(1, sizeof(*symbols));
	symbols->options.is_live = true;
	for (at = 0; at < size; at += size / 7 + 1)
		symbols__find(symbols, &owner, (uintptr_t)map + at, &offset, &is_new);
	symbols__free(symbols);
	munmap(map, size);
	unlink(path);
	return 0;
}
