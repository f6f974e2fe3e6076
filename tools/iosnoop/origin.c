// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a loaded module comes from, see origin.h.
 */
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "origin.h"

#define BUILD_ID_MAX 64

/* The build id in a note section, without its header. Returns its length, 0 if there is none. */
static size_t loaded_build_id(const char *name, unsigned char id[BUILD_ID_MAX])
{
	/* A note: lengths of name and id, type, and the name "GNU". */
	const size_t header = 16;
	unsigned char note[16 + BUILD_ID_MAX];
	char path[ORIGIN_PATH_MAX];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/sys/module/%s/notes/.note.gnu.build-id", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	size = read(fd, note, sizeof(note));
	close(fd);
	if (size <= (ssize_t)header)
		return 0;
	memcpy(id, note + header, size - header);
	return size - header;
}

/* The build id of a file, which may be compressed. */
static size_t file_build_id(const char *path, unsigned char id[BUILD_ID_MAX])
{
	const void *bits;
	ssize_t size = 0;
	Elf *elf;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	elf_version(EV_CURRENT);
	elf = dwelf_elf_begin(fd);
	if (elf)
		size = dwelf_elf_gnu_build_id(elf, &bits);
	if (size < 0 || size > BUILD_ID_MAX)
		size = 0;
	memcpy(id, bits, size);
	elf_end(elf);
	close(fd);
	return size;
}

static bool is_out_of_tree(const char *name)
{
	char path[ORIGIN_PATH_MAX], taint[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/%s/taint", name);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(taint, sizeof(taint), file))
		*taint = '\0';
	fclose(file);
	return strchr(taint, 'O');
}

/* Whether a path, up to its colon, is NAME.ko with any compression; '-' and '_' are the same. */
static bool is_named(const char *path, const char *name)
{
	const char *at = path;
	size_t i, length = strlen(name);

	for (i = 0; path[i] && path[i] != ':'; i++)
		if (path[i] == '/')
			at = path + i + 1;
	for (i = 0; i < length; i++)
		if ((at[i] == '-' ? '_' : at[i]) != name[i])
			return false;
	return !strncmp(at + length, ".ko", 3);
}

/* Find the file in the list that modprobe reads. */
static void find_file(struct origin *origin, const char *name, const char *release)
{
	char line[4096], path[ORIGIN_PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", release);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (!strchr(line, ':') || !is_named(line, name))
			continue;
		snprintf(origin->file, sizeof(origin->file), "/lib/modules/%s/%.*s", release,
			 (int)strcspn(line, ":"), line);
		break;
	}
	if (file)
		fclose(file);
}

static enum origin_kind kind_of_file(const char *path, const char *release)
{
	/* "/lib/modules/RELEASE/" */
	const char *rest = path + strlen("/lib/modules/") + strlen(release) + 1;

	if (!strncmp(rest, "updates/dkms/", 13))
		return ORIGIN_DKMS;
	return strncmp(rest, "updates/", 8) ? ORIGIN_KERNEL : ORIGIN_INSTALLED;
}

void origin__find(struct origin *origin, const char *name, const char *release)
{
	unsigned char loaded[BUILD_ID_MAX], file[BUILD_ID_MAX];
	char path[ORIGIN_PATH_MAX];
	size_t length;

	memset(origin, 0, sizeof(*origin));
	snprintf(path, sizeof(path), "/sys/module/%s", name);
	origin->is_loaded = !access(path, F_OK);
	find_file(origin, name, release);
	if (*origin->file)
		origin->file_kind = kind_of_file(origin->file, release);
	origin->kind = origin->file_kind;
	if (!origin->is_loaded)
		return;
	length = *origin->file ? loaded_build_id(name, loaded) : 0;
	origin->is_file = length && file_build_id(origin->file, file) == length &&
			  !memcmp(loaded, file, length);
	if (!origin->is_file)
		origin->kind = is_out_of_tree(name) ? ORIGIN_OTHER : ORIGIN_KERNEL;
}
