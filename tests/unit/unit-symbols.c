// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of addresses in the stacks of a process that has mapped files which are no programs.
 *
 * Finds this fault: an address in a mapped file that is relocatable ends iosnoop.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../tools/iosnoop/model/model.h"
#include "../lib/tap.h"

#define RELOCATABLE "build/policies/quota.bpf.o"
#define SIZE 4096

int main(void)
{
	int fd = open(RELOCATABLE, O_RDONLY | O_CLOEXEC);
	char *map = mmap(NULL, SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	struct symbols *symbols;
	const char *name;
	__u32 offset;
	bool is_new;

	tap__start();
	if (fd < 0 || map == MAP_FAILED)
		return tap__bail("cannot map " RELOCATABLE);
	symbols = symbols__new(true);
	name = symbols__find(symbols, getpid(), (uintptr_t)main, &offset, &is_new);
	tap__ok(name && !strcmp(name, "main") && !offset && is_new, "the name of a function");
	symbols__find(symbols, getpid(), (uintptr_t)map + 100, &offset, &is_new);
	tap__ok(is_new, "an address in a relocatable file is looked up");
	symbols__find(symbols, getpid(), (uintptr_t)map + SIZE, &offset, &is_new);
	tap__ok(is_new, "one behind it as well");
	symbols__find(symbols, getpid(), (uintptr_t)map + 100, &offset, &is_new);
	tap__ok(!is_new, "but only once");
	symbols__free(symbols);
	munmap(map, SIZE);
	close(fd);
	return tap__done();
}
