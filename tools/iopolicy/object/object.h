/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A BPF object file that contains a policy, before it is loaded.
 *
 * Only libbpf and the file are needed: nothing here asks the kernel. The folders kernel/, store/
 * and model/ read objects, and the commands open and configure them.
 */
#ifndef _IOPOLICY_OBJECT_H
#define _IOPOLICY_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "iommufd_policy.h"

struct bpf_map;
struct bpf_object;
struct bpf_program;
struct btf;
struct btf_type;
struct params;

#define OBJECT_LICENSE_MAX 64
#define OBJECT_LOG_SIZE (4u << 20)

/* The values of struct iommufd_policy_ops, as the object has them now. */
struct policy_values {
	char name[IOMMUFD_POLICY_NAME_LEN + 1];
	__u64 cgroup;
	__s32 priority;
	__u32 flags;
	__u32 version;
	__u32 budget_ms;
};

struct object {
	const char *file;
	struct bpf_object *bpf;
	struct bpf_map *ops; /* the struct_ops map: the policy itself */
	const struct btf *btf;
	const struct btf_type *type; /* struct iommufd_policy_ops as in the file */
	char *log; /* the verifier's, OBJECT_LOG_SIZE bytes */
	char *path; /* of the object file, if file is that of its rules; else NULL */
	char *source; /* text for the map "source" of rules; NULL: none */
	size_t source_size;
	/*
	 * Bits of the maps, by their order, that are pinned by their names since the object was
	 * loaded. object__close() removes these pins, unless the policy is kept.
	 */
	__u64 new_shared;
	struct policy_values values;
};

/* Changes that options make to an object. */
struct object_settings {
	const char *where; /* for messages: the option or file that has the parameters */
	const char *const *params; /* NAME=VALUE */
	unsigned int nr_params;
	const char *name; /* NULL: the policy's own */
	const __s32 *priority; /* NULL: the policy's own */
	const __u64 *cgroup; /* NULL: the policy's own */
	bool audit;
	bool eject; /* into audit mode, if it is too slow */
	bool no_eject; /* not so, even if the policy's own flags say so */
	bool enforce; /* not audit, even if the policy's own flags say so */
	const struct params *inherited; /* used where params has no such name; NULL: none */
};

/* Open a file and check that it contains one policy. Close the object also after an error. */
int object__open(struct object *object, const char *file);
void object__close(struct object *object);
/* Change parameters and values as the settings say. */
int object__configure(struct object *object, const struct object_settings *settings);
/* Let it be loaded as a policy that no call asks, for struct trial. After object__check(). */
int object__set_trial(struct object *object);
/* Pin no maps by name, even if the author wants them pinned. */
void object__pin_no_maps(const struct object *object);
/* Find errors that the kernel would report with fewer words. */
int object__check(const struct object *object);

/* The members of struct iommufd_policy_ops in the file are numbered from 0. */
unsigned int object__nr_members(const struct object *object);
const char *object__member_name(const struct object *object, unsigned int member);
/* The buffer of a member's value, which has *size bytes; NULL if it is not within the struct. */
void *object__member_data(const struct object *object, unsigned int member, __s64 *size);
/* The program of a member, NULL if it has none or is not a hook. */
struct bpf_program *object__program(const struct object *object, unsigned int member);
bool object__may_sleep(const struct bpf_program *program);
/* Leave a hook out, with its program. Return 0 or -errno after a message. */
int object__drop_hook(struct object *object, const char *hook);
/* The path of an object that comes with iopolicy, by its name; NULL if there is none. free() it. */
char *object__shipped(const char *name);

/* Find the parameters; the caller frees them with params__free(). See param.h. */
int object__find_params(const struct object *object, struct params *params);
/* Read the license of a file, "" if it has none. */
void object__license(const char *file, char license[OBJECT_LICENSE_MAX]);

bool policy_name__is_valid(const char *name);

#endif /* _IOPOLICY_OBJECT_H */
