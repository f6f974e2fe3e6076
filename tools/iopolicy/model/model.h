/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The results that iopolicy prints, as plain structs.
 *
 * The commands fill the model from an object, the kernel and the store. The folder output/ reads
 * nothing else: it calls neither libbpf nor the kernel. Strings that come from the kernel or a file
 * are stored as they are; output/ cleans them.
 */
#ifndef _IOPOLICY_MODEL_H
#define _IOPOLICY_MODEL_H

#include <stdbool.h>
#include <linux/types.h>

#include "iommufd_policy.h"
#include "iommufd_record.h"
#include "kernel/kernel.h"
#include "object/object.h"
#include "object/param.h"
#include "object/reads.h"
#include "rules/rules.h"
#include "store/former.h"
#include "store/keep.h"
#include "store/shared.h"
#include "store/store.h"

/* The processes that a policy applies to. */
struct scope {
	__u64 cgroup; /* 0: all */
	char *path; /* of the cgroup; NULL for all, or if it is unknown */
	bool is_gone; /* the cgroup was removed; its id is never used again */
};

/* Return 0 or -ENOMEM. */
int scope__make(struct scope *scope, __u64 cgroup);
void scope__free(struct scope *scope);

/* ---- list: loaded policies in the order in which the driver asks them, then stale pins ---- */

enum list_state {
	LIST_PINNED, /* loaded, and pinned in the store */
	LIST_HELD, /* loaded, but held by a process or by a pin elsewhere */
	LIST_STALE, /* a directory in the store whose pins keep no policy loaded */
	LIST_UNKNOWN, /* a directory in the store whose link cannot be opened */
	LIST_MISSING, /* a required or sealed policy that is not in force */
};

struct list_row {
	enum list_state state;
	char name[IOMMUFD_POLICY_NAME_LEN + 1];
	/* The rest is set for LIST_PINNED and LIST_HELD only. */
	struct iommufd_policy_info info;
	struct iommufd_policy_count sum; /* of all hooks */
	struct scope scope;
	struct cost *costs; /* by hook; NULL: not measured */
};

/* A map that is pinned by its name, and that no program uses. */
struct list_map {
	char name[128];
	char path[STORE_PATH_MAX];
};

struct list {
	struct list_row *rows;
	unsigned int nr;
	struct list_map *maps;
	unsigned int nr_maps;
	bool has_costs; /* each policy has them */
	__u64 costs_lost;
};

/* Return 0 or -ENOMEM; free the list in both cases. */
int list__make(struct list *list, const struct loaded *loaded, const struct store_policy *pins,
	       unsigned int nr_pins);
/* Add the maps that no program uses. Return 0 or -ENOMEM. */
int list__add_maps(struct list *list, const struct shared_map *maps, unsigned int nr);
/* Add the policies that are missing, whose names have commas between them. Return 0 or -ENOMEM. */
int list__add_missing(struct list *list, const char *names);
/* Add what the policies cost. Return 0 or -ENOMEM. */
int list__add_costs(struct list *list, const struct costs *costs);
void list__free(struct list *list);

/* ---- inspect: the contents of a file ---- */

struct inspected_hook {
	const char *hook;
	const char *program;
	bool may_sleep;
};

struct inspected_map {
	const char *name;
	const char *type;
	__u32 key_bytes;
	__u32 value_bytes;
	__u32 max_entries;
};

/* Strings belong to the object, which must stay open. */
struct inspection {
	const char *file;
	struct policy_values values;
	struct scope scope;
	char license[OBJECT_LICENSE_MAX];
	struct inspected_hook *hooks;
	unsigned int nr_hooks;
	struct params params;
	struct inspected_map *maps;
	unsigned int nr_maps;
};

/* Return 0 or -errno after a message; free the inspection in both cases. */
int inspection__make(struct inspection *inspection, const struct object *object);
void inspection__free(struct inspection *inspection);

/* ---- replace, apply: the differences between two policies of one name ---- */

#define CHANGE_WHAT_MAX 64

struct changed {
	char what[CHANGE_WHAT_MAX]; /* "priority", "parameter process_limit", "program on_map" */
	char from[PARAM_VALUE_MAX];
	char to[PARAM_VALUE_MAX];
};

struct changes {
	struct changed *list;
	unsigned int nr;
};

/*
 * Compare a policy in force with an object that is loaded and filled. Contents of maps are not
 * compared, because programs and administrators change them at run time. Return 0, or -errno after
 * a message; free the changes in both cases.
 */
int changes__find(struct changes *changes, const struct former *former,
		  const struct object *object);
void changes__free(struct changes *changes);

/* ---- apply: the steps that make the policies in force equal to those of a folder ---- */

enum plan_action { PLAN_LOAD, PLAN_REPLACE, PLAN_UNLOAD, PLAN_KEEP, NR_PLAN_ACTIONS };

struct plan_row {
	enum plan_action action;
	const char *name;
	const char *file; /* NULL for PLAN_UNLOAD */
	const struct policy_values *values; /* NULL for PLAN_UNLOAD */
	struct scope scope;
	const struct changes *changes; /* PLAN_REPLACE */
};

struct plan {
	const struct plan_row *rows;
	unsigned int nr;
	const char *folder;
	bool is_dry; /* only shown, not carried out */
	unsigned int counts[NR_PLAN_ACTIONS];
};

/* ---- load, replace, unload, clean: the changes ---- */

enum change_type {
	CHANGE_LOADED,
	CHANGE_REPLACED,
	CHANGE_UNLOADED,
	CHANGE_CLEANED,
	CHANGE_SEALED, /* with a name alone */
};

struct change {
	enum change_type type;
	const char *name;
	/* CHANGE_LOADED and CHANGE_REPLACED */
	const struct policy_values *values;
	__u32 link_id;
	const char *path; /* of the policy's directory in the store */
	const struct changes *changes; /* CHANGE_REPLACED */
	const struct keep *keep; /* CHANGE_REPLACED; NULL: all maps are new */
	/* CHANGE_UNLOADED and CHANGE_CLEANED */
	unsigned int pins_removed;
	bool is_map; /* name is that of a map */
	const char *why; /* it was cleaned; NULL: pins without a policy */
};

/* ---- new: templates ---- */

struct created {
	const char *files[2]; /* the policy, and its test cases */
	bool is_program;	 /* a policy in C, which has to be compiled */
	const char *command;  /* the next one: compile it, or test it */
};

/* ---- test: a rule file, or a policy in BPF, and its cases ---- */

struct tested {
	const char *file; /* of the rules, or of the policy */
	bool is_program; /* a policy in BPF */
	const struct object_reads *reads; /* of a policy in BPF */
	unsigned int nr_rules;
	unsigned int nr_cases;
	unsigned int nr_failed;
};

/* ---- show: a pinned policy ---- */

struct shown_program {
	const char *name;
	__u8 tag[8]; /* a hash of its instructions */
};

struct shown_map {
	const char *name;
	const char *type;
	__u32 max_entries;
};

struct shown_rule {
	char name[RULES_WHAT_MAX];
	struct rules_rule rule;
	__u32 hooks;
	struct rules_stat stat;
};

/* Names belong to the former, which must stay. */
struct shown {
	const struct list_row *row;
	struct loaded_params params;
	struct shown_program *programs;
	unsigned int nr_programs;
	struct shown_map *maps;
	unsigned int nr_maps;
	bool is_rules;
	struct shown_rule *rules; /* as they are asked */
	unsigned int nr_rules;
	char *source; /* the rule file */
	__u32 source_size;
};

/* Return 0 or -errno after a message; free it in both cases. */
int shown__make(struct shown *shown, const struct former *former, const struct list_row *row);
void shown__free(struct shown *shown);

/* ---- run: a policy and its verdicts ---- */

struct run {
	const struct policy_values *values;
	__u32 id;
	__u32 link_id;
	__u64 start_ns; /* CLOCK_MONOTONIC, like the times of verdicts */
	struct event_counters counters; /* at the end */
	__u64 shown; /* verdicts printed */
	__u64 lost; /* verdicts lost that have been reported */
};

#endif /* _IOPOLICY_MODEL_H */
