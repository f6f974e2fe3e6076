// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <gelf.h>

#include "object/section.h"

static Elf_Data *find_section(Elf *elf, const char *wanted)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header))
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		data = elf_getdata(section, NULL);
		if (name && !strcmp(name, wanted) && data && data->d_buf)
			return data;
	}
	return NULL;
}

bool section__read(const char *file, const char *name,
		   bool (*use)(const void *data, size_t size, void *arg), void *arg)
{
	Elf_Data *data = NULL;
	bool ret = false;
	Elf *elf;
	int fd;

	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf)
		data = find_section(elf, name);
	if (data)
		ret = use(data->d_buf, data->d_size, arg);
	elf_end(elf);
	close(fd);
	return ret;
}
