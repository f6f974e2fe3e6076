// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the kinds that matter to pinning; see mem.h.
 *
 * To make scattered memory, fault the pages of two mappings alternately and in bit-reversed order,
 * then unmap one of the mappings. The page allocator gives neighbours to different mappings, so
 * hardly any two neighbours of the remaining one are adjacent.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"
#include "tap.h"

static void *mem_map(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

static void mem_touch(char *mem, size_t size)
{
	for (size_t i = 0; i < size; i += MEM_PAGE)
		*(volatile char *)(mem + i) = 0;
}

void *mem__small(size_t size)
{
	void *mem = mem_map(size);

	if (!mem)
		return NULL;
	madvise(mem, size, MADV_NOHUGEPAGE);
	mem_touch(mem, size);
	return mem;
}

void *mem__huge(size_t size)
{
	size_t room = size + MEM_HUGE, head;
	char *mem = mem_map(room);

	if (!mem)
		return NULL;
	head = -(uintptr_t)mem & (MEM_HUGE - 1);
	if (head)
		munmap(mem, head);
	mem += head;
	munmap(mem + size, room - head - size);
	madvise(mem, size, MADV_HUGEPAGE);
	mem_touch(mem, size);
	return mem;
}

bool mem__is_huge(const void *mem, size_t size)
{
	uintptr_t start, end;
	unsigned long kb = 0;
	bool inside = false;
	char line[512];
	FILE *f = fopen("/proc/self/smaps", "r");

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &start, &end) == 2)
			inside = start <= (uintptr_t)mem && (uintptr_t)mem < end;
		else if (inside && sscanf(line, "AnonHugePages: %lu kB", &kb) == 1)
			break;
	}
	fclose(f);
	return kb >= size / 1024;
}

static size_t mem_reverse(size_t n, unsigned int bits)
{
	size_t out = 0;

	while (bits--) {
		out = out << 1 | (n & 1);
		n >>= 1;
	}
	return out;
}

void *mem__scattered(size_t size)
{
	size_t pages = size / MEM_PAGE;
	unsigned int bits = 0;
	char *mem, *other;

	mem = mem_map(size);
	if (!mem)
		return NULL;
	other = mem_map(size);
	if (!other) {
		munmap(mem, size);
		return NULL;
	}
	madvise(mem, size, MADV_NOHUGEPAGE);
	madvise(other, size, MADV_NOHUGEPAGE);
	while ((1UL << bits) < pages)
		bits++;
	for (size_t i = 0; i < 1UL << bits; i++) {
		size_t page = mem_reverse(i, bits);

		if (page >= pages)
			continue;
		mem_touch(mem + page * MEM_PAGE, MEM_PAGE);
		mem_touch(other + page * MEM_PAGE, MEM_PAGE);
	}
	munmap(other, size);
	return mem;
}

void *mem__readonly(size_t size)
{
	void *mem = mem__small(size);

	if (mem && mprotect(mem, size, PROT_READ)) {
		munmap(mem, size);
		return NULL;
	}
	return mem;
}

void *mem__absent(size_t size)
{
	void *mem = mem_map(size);

	if (mem && mprotect(mem, size, PROT_NONE)) {
		munmap(mem, size);
		return NULL;
	}
	return mem;
}

void mem__free(void *mem, size_t size)
{
	if (mem)
		munmap(mem, size);
}

static uint64_t mem_word(uint64_t seed, size_t i)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15u + i + 1;

	x ^= x >> 31;
	x *= 0xbf58476d1ce4e5b9u;
	return x ^ x >> 29;
}

void mem__fill(void *mem, size_t size, uint64_t seed)
{
	uint64_t *word = mem;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		word[i] = mem_word(seed, i);
}

ssize_t mem__check(const void *mem, size_t size, uint64_t seed)
{
	const uint64_t *word = mem;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		if (word[i] != mem_word(seed, i))
			return i * sizeof(*word);
	return -1;
}

static long long mem_field(const char *path, const char *field)
{
	size_t len = strlen(field);
	long long val = -1;
	char line[256];
	FILE *f = fopen(path, "r");

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, field, len) || (line[len] != ':' && line[len] != ' '))
			continue;
		if (sscanf(line + len + 1, "%lld", &val) == 1)
			break;
	}
	fclose(f);
	return val;
}

long mem__status(pid_t pid, const char *field)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid ? pid : getpid());
	return mem_field(path, field);
}

long long mem__vmstat(const char *field)
{
	return mem_field("/proc/vmstat", field);
}

/* Fold the counters of all CPUs into the totals. */
static void mem_refresh(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) < 0)
		(void)errno;
	close(fd);
}

long long mem__pinned(long long want)
{
	static const struct timespec moment = { .tv_nsec = 10000000 };
	long long held = -1;

	for (int i = 0; i < TAP_PATIENCE_MS / 10; i++) {
		long long got, put;

		mem_refresh();
		put = mem__vmstat("nr_foll_pin_released");
		got = mem__vmstat("nr_foll_pin_acquired");
		if (got < 0 || put < 0)
			return -1;
		held = got - put;
		if (held <= want)
			break;
		nanosleep(&moment, NULL);
	}
	return held;
}
