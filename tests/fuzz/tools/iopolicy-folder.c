// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy file of iopolicy apply, in a folder with another one.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folder/folder.h"
#include "fuzz.h"

static char path[] = "/tmp/fuzz-policy.XXXXXX";
static int folder_fd = -1;

static void write_file(const char *name, const void *data, size_t size)
{
	int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static void remove_folder(void)
{
	unlinkat(folder_fd, "a.policy", 0);
	unlinkat(folder_fd, "b.policy", 0);
	rmdir(path);
}

static void make_folder(void)
{
	static const char other[] = "object = quota.bpf.o\nset.uid_limit = 4G\n";

	if (!mkdtemp(path))
		abort();
	folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder_fd < 0)
		abort();
	write_file("b.policy", other, strlen(other));
	atexit(remove_folder);
}

int fuzz__input(const uint8_t *data, size_t size)
{
	struct folder folder;

	if (folder_fd < 0)
		make_folder();
	write_file("a.policy", data, size);
	fuzz__capture();
	folder__read(&folder, path);
	folder__free(&folder);
	fuzz__check(FUZZ_TEXT);
	return 0;
}
