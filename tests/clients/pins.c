// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which policies are pinned: a line "NAME link=ID map=ID" for each link in
 * /sys/fs/bpf/iommufd/NAME/link, in the order of the names.
 *
 * The ids are the kernel's, and change with each load and each replace. iopolicy list shows more,
 * but loads a BPF program each time, which takes a while in an emulated machine.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>

#define FOLDER "/sys/fs/bpf/iommufd"

static void print_pin(const char *name)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	char path[512];
	int fd;

	snprintf(path, sizeof(path), FOLDER "/%s/link", name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return;
	if (!bpf_link_get_info_by_fd(fd, &info, &size))
		printf("%s link=%u map=%u\n", name, info.id, info.struct_ops.map_id);
	close(fd);
}

int main(void)
{
	struct dirent **entries = NULL;
	int nr = scandir(FOLDER, &entries, NULL, alphasort), i;

	for (i = 0; i < nr; i++) {
		print_pin(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return 0;
}
