// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hold a pinned policy, and put it back, see former.h.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "errname.h"
#include "kernel/kernel.h"
#include "msg.h"
#include "store/former.h"
#include "store/store.h"

#define MAPS_MAX 64 /* of a program; the verifier allows no more */

/* Add a map or program, unless it is there already. Takes over fd, also after an error. */
static int add(struct former *former, const char *name, bool is_program, bool is_pinned, int fd)
{
	struct bpf_prog_info program = {};
	struct bpf_map_info map = {};
	__u32 size = is_program ? sizeof(program) : sizeof(map), id, i;
	struct former_pin *grown;
	int err;

	err = is_program ? bpf_prog_get_info_by_fd(fd, &program, &size) :
			   bpf_map_get_info_by_fd(fd, &map, &size);
	id = is_program ? program.id : map.id;
	for (i = 0; i < former->nr && !err; i++) {
		if (former->pins[i].is_program != is_program || former->pins[i].id != id)
			continue;
		close(fd);
		return 0;
	}
	grown = err ? NULL : realloc(former->pins, (former->nr + 1) * sizeof(*grown));
	if (grown) {
		former->pins = grown;
		grown[former->nr] = (struct former_pin){
			.name = strdup(name	  ? name :
				       is_program ? program.name :
						    map.name),
			.is_program = is_program,
			.is_pinned = is_pinned,
			.id = id,
			.fd = fd,
		};
		if (grown[former->nr].name) {
			former->nr++;
			return 0;
		}
	}
	close(fd);
	return err ? err : -ENOMEM;
}

static int add_pin(struct former *former, const char *path, const char *name, bool is_program)
{
	char file[2 * STORE_PATH_MAX], error[ERRNAME_MAX];
	int fd;

	snprintf(file, sizeof(file), "%s/%s", path, name);
	fd = bpf_obj_get(file);
	if (fd < 0) {
		msg("%s: cannot open the pin (%s)", file, errname(-fd, error));
		return -EIO;
	}
	return add(former, name, is_program, true, fd);
}

static int add_pins(struct former *former, const char *directory, bool is_program)
{
	char path[STORE_PATH_MAX];
	struct dirent *entry;
	int err = 0;
	DIR *dir;

	dir = opendir(store__path(path, former->name, directory));
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			err = add_pin(former, path, entry->d_name, is_program);
	closedir(dir);
	return err;
}

/* Add the maps that a program uses. */
static int add_maps(struct former *former, int program_fd)
{
	__u32 ids[MAPS_MAX], size, i;
	struct bpf_prog_info info = {
		.map_ids = (__u64)(unsigned long)ids,
		.nr_map_ids = MAPS_MAX,
	};
	int fd, err;

	size = sizeof(info);
	err = bpf_prog_get_info_by_fd(program_fd, &info, &size);
	if (!err && info.nr_map_ids > MAPS_MAX)
		err = -E2BIG;
	for (i = 0; i < info.nr_map_ids && !err; i++) {
		fd = bpf_map_get_fd_by_id(ids[i]);
		err = fd < 0 ? fd : add(former, NULL, false, false, fd);
	}
	return err;
}

/* Add the programs in force, and the maps that they use, if they have no pin. */
static int add_unpinned(struct former *former)
{
	__u32 ids[LOAD_PROGRAMS_MAX];
	unsigned int nr, i;
	int fd, err;

	err = load__programs(former->ops_fd, ids, &nr);
	if (!err)
		err = add(former, NULL, false, false, dup(former->ops_fd));
	for (i = 0; i < nr && !err; i++) {
		fd = bpf_prog_get_fd_by_id(ids[i]);
		err = fd < 0 ? fd : add_maps(former, fd);
		if (!err)
			err = add(former, NULL, true, false, fd);
	}
	for (i = 0; i < former->nr && !err; i++)
		if (!former->pins[i].is_pinned)
			store__to_pin_name(former->pins[i].name);
	return err;
}

/* Maps first, each by name, because the order of a folder is none. */
static int compare_pins(const void *a, const void *b)
{
	const struct former_pin *x = a, *y = b;

	return x->is_program != y->is_program ? x->is_program - y->is_program :
						strcmp(x->name, y->name);
}

int former__hold(struct former *former, const char *name, int link_fd)
{
	char error[ERRNAME_MAX];
	int err;

	*former = (struct former){ .link_fd = link_fd, .ops_fd = -1 };
	strncpy(former->name, name, sizeof(former->name) - 1);
	link__id(link_fd, &former->map_id);
	former->ops_fd = bpf_map_get_fd_by_id(former->map_id);
	err = former->ops_fd < 0 ? former->ops_fd : 0;
	if (!err)
		err = add_pins(former, "/maps", false);
	if (!err)
		err = add_pins(former, "/progs", true);
	if (!err)
		err = add_unpinned(former);
	if (former->nr)
		qsort(former->pins, former->nr, sizeof(*former->pins), compare_pins);
	if (err && err != -EIO)
		msg("%s: cannot open its maps and programs (%s)", name, errname(-err, error));
	return err ? -EIO : 0;
}

void former__free(struct former *former)
{
	unsigned int i;

	for (i = 0; i < former->nr; i++) {
		free(former->pins[i].name);
		close(former->pins[i].fd);
	}
	free(former->pins);
	if (former->link_fd >= 0)
		close(former->link_fd);
	if (former->ops_fd >= 0)
		close(former->ops_fd);
	*former = (struct former){ .link_fd = -1, .ops_fd = -1 };
}

bool former_pin__is_named(const struct former_pin *pin, const char *name)
{
	char text[STORE_PATH_MAX];

	snprintf(text, sizeof(text), "%s", name);
	store__to_pin_name(text);
	return pin->is_pinned ? !strcmp(pin->name, text) :
				!strncmp(pin->name, text, BPF_OBJ_NAME_LEN - 1);
}

int former__find(const struct former *former, const char *name, bool is_program)
{
	unsigned int i;

	for (i = 0; i < former->nr; i++)
		if (former->pins[i].is_program == is_program &&
		    former_pin__is_named(&former->pins[i], name))
			return former->pins[i].fd;
	return -1;
}

int former__params_fd(const struct former *former)
{
	struct bpf_map_info info;
	const char *dot;
	unsigned int i;
	__u32 size;

	for (i = 0; i < former->nr; i++) {
		memset(&info, 0, sizeof(info));
		size = sizeof(info);
		if (former->pins[i].is_program ||
		    bpf_map_get_info_by_fd(former->pins[i].fd, &info, &size))
			continue;
		dot = strchr(info.name, '.');
		if (dot && !strcmp(dot, ".rodata"))
			return former->pins[i].fd;
	}
	return -1;
}

static int pin_all(const struct former *former, const char *sub)
{
	unsigned int i;
	int err;

	err = store__make_directories(former->name, sub);
	for (i = 0; i < former->nr && !err; i++)
		err = store__pin(former->name, sub, former->pins[i].is_program ? "/progs" : "/maps",
				 former->pins[i].name, former->pins[i].fd);
	return err;
}

int former__restore_replaced(const struct former *former)
{
	char error[ERRNAME_MAX];
	unsigned int removed = 0;
	int err;

	err = pin_all(former, STORE_NEW);
	if (!err) {
		err = bpf_link_update(former->link_fd, former->ops_fd, NULL);
		if (err)
			msg("%s: the kernel refuses the former policy (%s)", former->name,
			    errname(-err, error));
	}
	if (err)
		store__remove(former->name, STORE_NEW, &removed);
	else
		store__commit_new(former->name);
	return err;
}

int former__restore_unloaded(const struct former *former)
{
	char error[ERRNAME_MAX];
	unsigned int removed = 0;
	int err, fd = -1;

	err = pin_all(former, "");
	if (!err) {
		fd = bpf_link_create(former->ops_fd, 0, BPF_STRUCT_OPS, NULL);
		err = fd < 0 ? fd : store__pin_link(former->name, fd);
		if (fd < 0)
			msg("%s: the kernel refuses the former policy (%s)", former->name,
			    errname(-err, error));
	}
	if (err)
		store__remove(former->name, "", &removed);
	if (fd >= 0)
		close(fd);
	return err;
}
