// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf_legacy.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel_btf.h"

#define NAME_SIZE 64 /* MODULE_NAME_LEN, 64 - sizeof(long), fits */
#define KERNEL_ID 0  /* our number for the kernel's BTF; that of a module which is going, too */

/*
 * Names of types: open addressing, by name and kind. Of types with the same name and kind, the
 * lowest id is found.
 */
struct index {
	__u32 *slots; /* ids of types; 0 is free. NULL: no memory */
	__u32 mask;   /* number of slots - 1 */
};

/* A BTF that was read. */
struct entry {
	struct entry *next; /* modules come before the kernel, on whose types theirs are based */
	__u32 id;	  /* the kernel's number, which is not used again */
	struct btf *btf;
	struct entry *base; /* the kernel's, of which this is a user; NULL for itself */
	unsigned int users;
	struct index index; /* only of its own types */
};

static struct entry *entries;
static bool see_all;

static struct entry *find_id(__u32 id)
{
	struct entry *entry = entries;

	while (entry && entry->id != id)
		entry = entry->next;
	return entry;
}

static struct entry *find_btf(const struct btf *btf)
{
	struct entry *entry = entries;

	while (entry && entry->btf != btf)
		entry = entry->next;
	return entry;
}

static __u32 hash(const char *name, __u32 kind)
{
	__u32 sum = 2166136261u ^ kind; /* FNV-1a */

	while (*name)
		sum = (sum ^ (unsigned char)*name++) * 16777619u;
	return sum ^ sum >> 15;
}

static __u32 first_type(const struct btf *btf)
{
	const struct btf *base = btf__base_btf(btf);

	return base ? btf__type_cnt(base) : 1;
}

/* Without memory for it, libbpf's own search is used. */
static void make_index(struct index *index, const struct btf *btf)
{
	__u32 first = first_type(btf), end = btf__type_cnt(btf), size = 64, id, slot;
	const struct btf_type *type;
	__u32 *slots;

	while (size < 2 * (end - first))
		size *= 2;
	slots = calloc(size, sizeof(*slots));
	if (!slots)
		return;
	index->slots = slots;
	index->mask = size - 1;
	for (id = first; id < end; id++) {
		type = btf__type_by_id(btf, id);
		if (!type->name_off)
			continue;
		slot = hash(btf__name_by_offset(btf, type->name_off), btf_kind(type));
		while (slots[slot & index->mask])
			slot++;
		slots[slot & index->mask] = id;
	}
}

/* Note a BTF that was just read. If there is no memory for that, its user has it alone. */
static struct btf *remember(__u32 id, struct btf *btf, struct entry *base)
{
	struct entry *entry = btf ? calloc(1, sizeof(*entry)) : NULL;

	if (!entry)
		return btf;
	*entry = (struct entry){ .next = entries, .id = id, .btf = btf, .base = base, .users = 1 };
	if (base)
		base->users++;
	make_index(&entry->index, btf);
	entries = entry;
	return btf;
}

void kernel_btf__release(void)
{
	struct entry *entry, **at = &entries;

	while (*at) {
		entry = *at;
		if (entry->users) {
			at = &entry->next;
			continue;
		}
		*at = entry->next;
		if (entry->base)
			entry->base->users--;
		__real_btf__free(entry->btf);
		free(entry->index.slots);
		free(entry);
	}
}

void __wrap_btf__free(struct btf *btf)
{
	struct entry *entry = find_btf(btf);

	if (entry)
		entry->users--;
	else
		__real_btf__free(btf);
}

struct btf *__wrap_btf__load_vmlinux_btf(void)
{
	struct entry *entry = find_id(KERNEL_ID);

	if (!entry)
		return remember(KERNEL_ID, __real_btf__load_vmlinux_btf(), NULL);
	entry->users++;
	return entry->btf;
}

/* The BTF of a module with this id, which is open as fd; -1 if it is not. */
static struct btf *get(__u32 id, int fd, struct btf *base)
{
	struct entry *kernel = find_btf(base), *entry;
	bool is_shared = id && kernel && kernel->id == KERNEL_ID;
	struct btf *btf;

	entry = is_shared ? find_id(id) : NULL;
	if (entry) {
		entry->users++;
		return entry->btf;
	}
	btf = fd < 0 ? btf__load_from_kernel_by_id_split(id, base) :
		       __real_btf_get_from_fd(fd, base);
	return is_shared && !libbpf_get_error(btf) ? remember(id, btf, kernel) : btf;
}

/* Read the info of a BTF. Returns 0 or -errno. */
static int get_info(int fd, struct bpf_btf_info *info, char name[NAME_SIZE])
{
	__u32 size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	info->name = (__u64)(unsigned long)name;
	info->name_len = name ? NAME_SIZE : 0;
	return bpf_btf_get_info_by_fd(fd, info, &size);
}

/* libbpf reads the BTF of a module. A module that is going has lost its id, but is still there. */
struct btf *__wrap_btf_get_from_fd(int fd, struct btf *base)
{
	struct bpf_btf_info info;

	return get(get_info(fd, &info, NULL) ? 0 : info.id, fd, base);
}

/* The modules whose functions and structs the programs of the tools use. */
static bool is_ours(const char *name)
{
	static const char *const names[] = { "iommufd", "vfio", "vfio_iommu_type1" };
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* The name of a BTF of the kernel or a module; "" for another one. Returns 0 or -errno. */
static int get_name(__u32 id, char name[NAME_SIZE])
{
	int fd = bpf_btf_get_fd_by_id(id), err;
	struct bpf_btf_info info;

	if (fd < 0)
		return fd;
	name[0] = '\0';
	err = get_info(fd, &info, name);
	close(fd);
	if (!err && !info.kernel_btf)
		name[0] = '\0';
	return err;
}

void kernel_btf__see_all(bool all)
{
	see_all = all;
}

/* Whether libbpf may need it. If it cannot be read, libbpf tries, and reports the error. */
static bool is_needed(__u32 id)
{
	char name[NAME_SIZE];

	return get_name(id, name) || is_ours(name);
}

int __wrap_bpf_btf_get_next_id(__u32 start_id, __u32 *next_id)
{
	int err;

	do {
		err = __real_bpf_btf_get_next_id(start_id, next_id);
		start_id = *next_id;
	} while (!err && !see_all && !is_needed(start_id));
	return err;
}

struct btf *kernel_btf__module(const char *name, struct btf *kernel)
{
	char found[NAME_SIZE];
	__u32 id = 0;

	while (!__real_bpf_btf_get_next_id(id, &id))
		if (!get_name(id, found) && !strcmp(found, name))
			return get(id, -1, kernel);
	/* errno is set: ENOENT after the last one. */
	return NULL;
}

static __u32 find_in(const struct entry *entry, const char *name, __u32 kind)
{
	const struct index *index = &entry->index;
	__u32 slot = hash(name, kind), id;
	const struct btf_type *type;

	while ((id = index->slots[slot & index->mask])) {
		type = btf__type_by_id(entry->btf, id);
		if (btf_kind(type) == kind &&
		    !strcmp(btf__name_by_offset(entry->btf, type->name_off), name))
			return id;
		slot++;
	}
	return 0;
}

/* The kernel's types come first, as for libbpf. */
__s32 __wrap_btf__find_by_name_kind(const struct btf *btf, const char *name, __u32 kind)
{
	struct entry *entry = find_btf(btf);
	const struct btf *base;
	__u32 id = 0;

	if (!entry || !entry->index.slots || !*name || kind == BTF_KIND_UNKN ||
	    !strcmp(name, "void"))
		return __real_btf__find_by_name_kind(btf, name, kind);
	base = btf__base_btf(btf);
	if (base)
		id = __wrap_btf__find_by_name_kind(base, name, kind);
	if (!base || (__s32)id < 0)
		id = find_in(entry, name, kind);
	if (id)
		return id;
	errno = ENOENT;
	return -ENOENT;
}
