// SPDX-License-Identifier: GPL-2.0-only
/*
 * Object files of policies with damaged contents, which a compiler does not make: a hook that is no
 * program, and members beyond the end of the struct.
 *
 * Finds these faults: iopolicy takes the bytes of a file for a pointer to a program, or reads
 * beyond the value of the policy.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <gelf.h>

#include "../../tools/iopolicy/object/object.h"
#include "../lib/tap.h"
#include "msg.h"

#define POLICY "build/policies/quota.bpf.o"
#define HOOK "ioas_unmap" /* that quota does not have */

static char path[] = "/tmp/unit-object-XXXXXX";
static char *file;
static size_t file_size;

static bool read_policy(void)
{
	int fd = open(POLICY, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	bool ok;

	if (fd < 0 || fstat(fd, &stat))
		return false;
	file_size = stat.st_size;
	file = malloc(file_size);
	ok = file && read(fd, file, file_size) == (ssize_t)file_size;
	close(fd);
	return ok;
}

/* The contents of a section in file; NULL if there is none. */
static char *section(const char *name)
{
	Elf *elf = elf_memory(file, file_size);
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	char *found = NULL;
	size_t names;

	if (!elf || elf_getshdrstrndx(elf, &names))
		return NULL;
	while (!found && (scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &header) &&
		    !strcmp(elf_strptr(elf, names, header.sh_name), name))
			found = file + header.sh_offset;
	elf_end(elf);
	return found;
}

/* The member of struct iommufd_policy_ops in the BTF of the file, to be changed. */
static struct btf_member *member_in_file(const struct btf *btf, const char *name)
{
	__s32 id = btf__find_by_name_kind(btf, "iommufd_policy_ops", BTF_KIND_STRUCT);
	const struct btf_type *type = btf__type_by_id(btf, id);
	const char *raw;
	unsigned int i;
	__u32 size;

	raw = btf__raw_data(btf, &size);
	type = btf__type_by_id(btf, id);
	for (i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name))
			return (void *)(section(".BTF") +
					((const char *)&btf_members(type)[i] - raw));
	return NULL;
}

/* Write the changed file, open it, and look for the program of HOOK. Returns the error of open. */
static int open_changed(struct object *object, bool *has_program)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), err;
	unsigned int i;

	*has_program = false;
	if (fd < 0 || write(fd, file, file_size) != (ssize_t)file_size)
		tap__bail("cannot write %s", path);
	close(fd);
	err = object__open(object, path);
	for (i = 0; !err && i < object__nr_members(object); i++)
		if (!strcmp(object__member_name(object, i), HOOK))
			*has_program = object__program(object, i);
	return err;
}

int main(void)
{
	struct btf_member *hook, *name;
	struct object object;
	bool has_program;
	struct btf *btf;
	__u32 offset;

	tap__start();
	msg__capture_libbpf(false);
	elf_version(EV_CURRENT);
	if (!read_policy() || mkstemp(path) < 0)
		return tap__bail("cannot read " POLICY " or write %s", path);
	btf = btf__parse(POLICY, NULL);
	hook = member_in_file(btf, HOOK);
	name = member_in_file(btf, "name");
	if (!hook || !name || !section(".struct_ops.link"))
		return tap__bail(POLICY " has no policy");

	tap__err(open_changed(&object, &has_program), 0, "an unchanged policy is opened");
	tap__ok(!has_program && !strcmp(object.values.name, "quota"), "it has no hook " HOOK);
	object__close(&object);

	memset(section(".struct_ops.link") + hook->offset / 8, 'A', sizeof(void *));
	tap__err(open_changed(&object, &has_program), 0, "a policy with bytes in place of a hook");
	tap__ok(!has_program, "the bytes are no program");
	object__close(&object);

	offset = hook->offset;
	hook->offset = 0x7ffffff8;
	tap__err(open_changed(&object, &has_program), 0, "a hook far beyond the struct");
	tap__ok(!has_program, "it has no program");
	object__close(&object);

	hook->offset = offset;
	name->offset = 0x7ffffff8;
	tap__err(open_changed(&object, &has_program), 0, "the name far beyond the struct");
	tap__ok(!object.values.name[0], "the policy has no name");
	object__close(&object);

	btf__free(btf);
	free(file);
	unlink(path);
	return tap__done();
}
