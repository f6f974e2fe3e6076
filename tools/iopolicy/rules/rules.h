/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rule files: read, checked and compiled to the image that bpf/policies/rules.bpf.c decides by.
 *
 * Data flows one way, a file for each step:
 *
 *	lex.c		text -> words with their places; all messages about a place
 *	value.c		words -> values: sizes, users, PCI ids, addresses, strings
 *	interval.c	sets of values
 *	clause.c	conjunctions of tests, and their and, or, not
 *	cgroup_path.c	patterns of cgroups
 *	test.c		one test of a condition -> clauses
 *	condition.c	and, or, not, parentheses
 *	reason.c	reasons with values in them
 *	setting.c	names, priorities, modes
 *	statement.c	one rule
 *	parse.c		the file
 *	image.c		rules -> image
 *	check.c		rules that never apply, and rules that would refuse root or everything
 *	install.c	image -> maps of the BPF object
 *	eval.c		decides with an image in user space
 *	partial.c	the same, if not everything is known
 *	traffic.c	recorded events -> requests
 *	members.c	the same for policies in BPF
 *	cases.c		requests with the verdicts that are expected, for iopolicy test
 *
 * Only install.c knows BPF, and nothing here asks the kernel. folder/ and the commands call it. The
 * grammar is our own, because a condition with and, or and not reads badly as YAML or JSON, and
 * inside their strings their parsers know no column.
 *
 * Functions return 0 or -ENOEXEC after a message, and -ENOMEM.
 */
#ifndef _IOPOLICY_RULES_H
#define _IOPOLICY_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "iommufd_rules.h"

struct arena;
struct clauses;
struct object;
struct object_settings;

#define RULES_SUFFIX ".rules"
#define RULES_OBJECT "rules.bpf.o"
#define RULES_WHAT_MAX 32 /* a name of a rule or parameter, with the 0 at its end */
#define RULES_FILE_MAX (1u << 20)

/* A place in a file; line and column begin with 1. */
struct rules_place {
	unsigned int line;
	unsigned int column;
};

struct rules_param {
	char name[RULES_WHAT_MAX];
	char value[256];
	struct rules_place place;
	bool is_set; /* replaced by a setting */
	size_t value_at, value_size; /* of the word in the text */
};

/* A rule of the file. */
struct rules_def {
	char name[RULES_WHAT_MAX];
	struct rules_place place;
	__u32 hooks;
	__s32 priority;
	__u32 order; /* in the file */
	const struct clauses *clauses; /* the condition, with the scope */
	__u64 scope; /* bits of the patterns of its cgroups; 0: all */
	struct rules_rule rule;
	const char *text; /* in the file, for comparisons */
	size_t size;
};

struct rules {
	const char *file;
	char *text;
	size_t size;
	__s32 priority;
	bool has_priority;
	bool audit;
	bool has_when_slow;
	bool eject; /* into audit mode, if it is too slow */
	bool force; /* its author knows that it may lock root out */
	struct rules_param *params;
	unsigned int nr_params;
	struct rules_def *list; /* as they are asked */
	unsigned int nr;
	struct arena *arena; /* of the conditions */
	/* Shared by all rules. */
	unsigned int nr_patterns, nr_names, nr_boxes;
	struct rules_pattern pattern[RULES_PATTERNS];
	char name[RULES_NAMES][RULES_NAME_LEN];
	struct rules_box box[RULES_BOXES];
};

/* ---- parse.c ---- */

/* Read a file and parse it, with parameters set from NAME=VALUE. Free the rules in all cases. */
int rules__read(struct rules *rules, const char *file, const char *const *sets,
		unsigned int nr_sets);
/* The same with the text of a file, which is copied. file is for messages, and must stay valid. */
int rules__parse(struct rules *rules, const char *file, const char *text, size_t size,
		 const char *const *sets, unsigned int nr_sets);
void rules__free(struct rules *rules);
/* Read a text file of at most RULES_FILE_MAX bytes; free() it, also after an error. */
int rules__read_text(const char *file, char **text, size_t *size);
/* The text of a rule on one line, without comments, cut at the size. */
char *rules__one_line(char *to, size_t size, const struct rules_def *def);
/* Bits of the hooks that some rule has. */
__u32 rules__hooks(const struct rules *rules);

/* ---- image.c ---- */

/* Compile the rules. The image is large, so it is allocated; free() it. */
int rules__compile(const struct rules *rules, struct rules_image **image);

/* ---- check.c ---- */

/* Warn about rules that never apply. Return whether all may be put in force without --force. */
bool rules__check(const struct rules *rules);

/* ---- install.c ---- */

/* Values for struct object_settings that come from a rule file. */
struct rules_settings {
	char name[IOMMUFD_POLICY_NAME_LEN];
	__s32 priority;
};

/* Whether a path has the suffix of rule files. */
bool rules__is_file(const char *file);
/*
 * Read a rule file, check it, and open rules.bpf.o with it. What the settings leave open is taken
 * from the file; own keeps the values. With force, rules may lock root out. Close the object also
 * after an error.
 */
int rules__open(struct object *object, const char *file, const char *const *sets,
		unsigned int nr_sets, bool force, struct object_settings *settings,
		struct rules_settings *own);

/* The same with the text of rules in force; name is the policy's. */
int rules__open_text(struct object *object, const char *name, const char *text, size_t size,
		     bool force, struct object_settings *settings, struct rules_settings *own);

/* ---- eval.c ---- */

/* The fields that the request lacks. */
struct rules_world {
	const char *cgroup; /* path of the caller's; NULL: not known */
	const struct rules_device *devices; /* bound to the file */
	unsigned int nr_devices;
	__u32 kinds; /* bits of the kinds of mapped memory */
	bool writable; /* devices may write some mapped memory */
	__u32 copied; /* kind of the memory of a copy */
	bool has_areas; /* kinds and writable are known */
	__u64 now_ns; /* for limits */
};

struct rules_device {
	__u32 vendor, product, sbdf;
};

/* The rules that match a request: those in audit mode, then at most one that decides. */
struct rules_verdict {
	int ret; /* 0 or -errno */
	int decided_by; /* number of the rule; -1: none, so it is allowed */
	unsigned int nr_audited;
	int audited[RULES_MAX];
	char reason[IOMMUFD_POLICY_REASON_LEN]; /* of the last refusal, also in audit mode */
};

struct rules_state; /* buckets of limits */
struct rules_state *rules_state__new(void);
void rules_state__free(struct rules_state *state);
/* Decide a request as the kernel would. state may be NULL if no limit counts. */
void rules__decide(const struct rules_image *image, const struct iommufd_policy_request *request,
		   const struct rules_world *world, struct rules_state *state,
		   struct rules_verdict *verdict);

/* Parts of it, for partial.c: the value of a field; the wanted facts that are true; */
__u64 rules__value(const struct iommufd_policy_request *request, const struct rules_world *world,
		   unsigned int field);
__u32 rules__facts(const struct rules_image *image, const struct iommufd_policy_request *request,
		   const struct rules_world *world, __u32 wanted);
/* whether a limit allows the request, which it counts; the reason of a refusal. */
bool rules__take(const struct rules_rule *rule, unsigned int number,
		 const struct iommufd_policy_request *request, const struct rules_world *world,
		 struct rules_state *state);
void rules__reason(const struct rules_rule *rule, const struct iommufd_policy_request *request,
		   char to[IOMMUFD_POLICY_REASON_LEN]);

#endif /* _IOPOLICY_RULES_H */
