/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of iopolicy and what they give each other.
 *
 *	options.c	the command line
 *	policy.c	a file with a policy in it: opened, looked at, changed, checked
 *	param.c		its parameters, found by their BTF and set
 *	load.c		a policy loaded into the kernel and put in force; why that failed
 *	machine.c	what the machine must offer, and the sentences when it does not
 *	store.c		the pins in /sys/fs/bpf/iommufd, and their lock
 *	force.c		what is in force, read from the kernel
 *	klog.c		what the kernel says in its log
 *	change.c	the commands load, unload, replace, clean
 *	inspect.c	the commands inspect and verify
 *	list.c		the command list
 *	run.c		the command run
 *	main.c		their order, and the exit code
 *
 * Functions return 0 or -errno after a message on stderr. Four errors have a meaning throughout:
 * -EINVAL is wrong usage, -EPERM a lack of privileges, -ENODEV a kernel or module that iopolicy
 * can't work with, -ENOEXEC a policy that is none or is refused.
 */
#ifndef _IOPOLICY_H
#define _IOPOLICY_H

#include <limits.h>
#include <stdbool.h>
#include <linux/types.h>

#include "hook.h"
#include "iommufd_policy.h"
#include "json.h"

#define MODULE "iommufd"
#define STORE "/sys/fs/bpf/iommufd"

#define MAX_SETS 64
#define MAX_NAMES 64

enum command {
	CMD_LOAD,
	CMD_UNLOAD,
	CMD_REPLACE,
	CMD_LIST,
	CMD_INSPECT,
	CMD_VERIFY,
	CMD_RUN,
	CMD_CLEAN,
	NR_CMDS
};

struct options {
	enum command command;
	const char *file;
	const char *names[MAX_NAMES]; /* operands that are names of policies */
	unsigned int nr_names;
	const char *sets[MAX_SETS]; /* NAME=VALUE, as given */
	unsigned int nr_sets;
	const char *name;
	bool has_priority;
	__s32 priority;
	bool has_cgroup;
	__u64 cgroup;
	bool audit;
	bool keep_maps;
	bool all;
	bool json;
	bool wide;
	bool verbose;
	bool help;
	bool version;
	bool has_command;
};

int options__parse(struct options *options, int argc, char **argv);
void options__print_help(const struct options *options);

/* ---- a file with a policy ---- */

struct bpf_object;
struct bpf_map;
struct bpf_program;
struct btf;
struct btf_type;

#define POLICY_LICENSE_MAX 64

struct policy {
	const char *file;
	struct bpf_object *object;
	struct bpf_map *ops;  /* of type struct_ops: the policy itself */
	const struct btf *btf;
	const struct btf_type *type; /* struct iommufd_policy_ops, as the file has it */
	char *log;   /* the verifier's; POLICY_LOG_SIZE */
	/* What the struct says now, by policy__read(). */
	char name[IOMMUFD_POLICY_NAME_LEN + 1];
	__u64 cgroup;
	__s32 priority;
	__u32 flags;
	__u32 version;
	__u32 hooks;
};

#define POLICY_LOG_SIZE (4u << 20)

/* Opens it and looks whether it is a policy. */
int policy__open(struct policy *policy, const char *file);
void policy__close(struct policy *policy);
/* Sets parameters, and what else the options say. */
int policy__configure(struct policy *policy, const struct options *options);
/* What the kernel would refuse with fewer words. */
int policy__check(const struct policy *policy);
/* The program of a hook, or of any member by its index; NULL if there is none. */
struct bpf_program *policy__program(const struct policy *policy, unsigned int member);
bool policy__program_sleeps(const struct bpf_program *program);
/* The index of a member of the struct, or -1. */
int policy__member(const struct policy *policy, const char *name);
/* A byte of the struct as the file has it. */
void *policy__data(const struct policy *policy, unsigned int member, __s64 *size);
int policy__license(const char *file, char license[POLICY_LICENSE_MAX]);
bool policy__is_good_name(const char *name);

/* ---- parameters: see param.h ---- */

struct params;
int policy__params(const struct policy *policy, struct params *params);

/* ---- into the kernel ---- */

/* To be called before anything is asked of the kernel. */
int machine__check(void);
/* The part of it that is about this process. */
int machine__check_privileges(void);
int machine__check_bpffs(void);
/* The message for EPERM though the capabilities are there. Returns -EPERM. */
int machine__refused(const char *what);
int machine__no_module(void);
int machine__foreign(void);

/* Loads maps and programs; the policy is not in force yet. */
int load__load(struct policy *policy, const struct options *options);
/* Gives the kernel the value of the struct, which can then be put in force. */
int load__fill(struct policy *policy);
/* Puts it in force; returns the file descriptor of a link, or an error. */
int load__attach(struct policy *policy);
/* Puts it in force in place of the one that the link is for. */
int load__update(struct policy *policy, int link_fd);

/* ---- pins ---- */

#define STORE_PATH_MAX 256

/* How a policy's folder is found. */
enum store_state {
	STORE_NONE,   /* no folder */
	STORE_STALE,   /* a folder without a link that has a policy in force */
	STORE_UNKNOWN,   /* its link cannot be opened, so nobody touches it */
	STORE_PINNED,
};

struct store {
	int fd; /* the folder of all, locked; -1 if it is not there */
};

struct store_policy {
	enum store_state state;
	__u32 link_id;
	__u32 map_id;   /* the map of the policy in force */
	char name[IOMMUFD_POLICY_NAME_LEN];
};

/* Opens and locks the folder; to be made if it is not there, unless it is only for reading. */
int store__open(struct store *store, bool for_reading);
void store__close(struct store *store);
/* Its file descriptor of the link or -errno; the rest in *found. No message. */
int store__look(const char *name, struct store_policy *found);
/* All folders, by name; to be freed. */
int store__list(const struct store *store, struct store_policy **found, unsigned int *nr);
/* Pins maps and programs of a loaded policy; sub is "" or STORE_NEW. */
#define STORE_NEW "/new"
int store__pin_objects(const char *name, const char *sub, const struct policy *policy);
/* Before it is loaded: lets it use those of the pinned maps that have the names of its own. */
int store__reuse_maps(const char *name, const struct policy *policy);
int store__pin_link(const char *name, int link_fd);
/* Removes a policy's folder, the link first; *removed counts what was unlinked. No message. */
int store__remove(const char *name, const char *sub, unsigned int *removed);
/* Makes the objects of STORE_NEW those of the policy. */
int store__commit_new(const char *name);
/* After a replace that was ended before its end: finishes it, or undoes it. Returns if it did. */
bool store__recover(const char *name, const struct store_policy *found);
/* The folder of a policy. */
char *store__path(char path[STORE_PATH_MAX], const char *name, const char *rest);

/* ---- what is in force ---- */

struct force {
	struct iommufd_policy_info *policies;
	unsigned int nr;
};

int force__read(struct force *force);
void force__free(struct force *force);
const struct iommufd_policy_info *force__find(const struct force *force, const char *name);
const struct iommufd_policy_info *force__find_link(const struct force *force, __u32 link_id);
/* Processes that have the link open, as "iopolicy (pid 12)"; "" if none is found. */
#define FORCE_HOLDERS_MAX 256
char *force__holders(char text[FORCE_HOLDERS_MAX], __u32 link_id);
/* The id of a link, 0 if it can't be had; *map_id is that of its map, 0 when it was detached. */
__u32 force__link_id(int link_fd, __u32 *map_id);

/* ---- the kernel's log ---- */

/* A file from which what is logged from now on is read, or -1. */
int klog__open(void);
/* The last line about a policy since then, after "iommufd: "; or "". Closes the file. */
#define KLOG_MAX 512
char *klog__sentence(int fd, char text[KLOG_MAX]);
void klog__close(int fd);

/* ---- output ---- */

/* Opens a JSON record of this type, with what every record has. */
void report__begin(struct json *json, const char *type);
/* Ends it and its line. */
void report__end(struct json *json);
/* "all", the cgroup's path, or "cgroup N" when it is gone */
char *report__scope(char *text, size_t size, __u64 cgroup);
/* The keys name, priority, flags, cgroup. */
void report__policy(struct json *json, const struct policy *policy);
/* Hands over what was written so far. */
int report__flush(void);

int change__load(const struct options *options);
int change__unload(const struct options *options);
int change__replace(const struct options *options);
int change__clean(const struct options *options);
int inspect__inspect(const struct options *options);
int inspect__verify(const struct options *options);
int list__list(const struct options *options);
int run__run(const struct options *options);

#endif /* _IOPOLICY_H */
