/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line as main() and the commands read it.
 */
#ifndef _IOPOLICY_OPTIONS_H
#define _IOPOLICY_OPTIONS_H

#include <stdbool.h>
#include <linux/types.h>

#define MAX_SETS 64
#define MAX_NAMES 64
#define MAX_DROPS 64
#define MAX_ENTRIES 1024

enum command {
	CMD_LOAD,
	CMD_UNLOAD,
	CMD_REPLACE,
	CMD_LIST,
	CMD_INSPECT,
	CMD_VERIFY,
	CMD_RUN,
	CMD_CLEAN,
	CMD_APPLY,
	CMD_CONFIRM,
	CMD_TEST,
	CMD_SHOW,
	CMD_SET,
	CMD_MAP,
	CMD_DIFF,
	CMD_WHY,
	CMD_SEAL,
	CMD_NEW,
	NR_CMDS
};

enum map_action { MAP_LIST, MAP_SET, MAP_DELETE };

struct options {
	enum command command;
	const char *file;
	const char *names[MAX_NAMES]; /* operands that name policies */
	unsigned int nr_names;
	const char *sets[MAX_SETS]; /* NAME=VALUE, as given */
	unsigned int nr_sets;
	const char *map; /* of the command map; NULL: all */
	enum map_action action;
	bool has_action;
	const char *entries[MAX_ENTRIES]; /* KEY=VALUE or KEY, as given */
	unsigned int nr_entries;
	const char *name;
	bool has_priority;
	__s32 priority;
	bool has_cgroup;
	__u64 cgroup;
	bool audit;
	bool eject;
	bool enforce;
	bool force;
	bool no_inherit;
	bool keep_maps;
	const char *drops[MAX_DROPS]; /* maps that need not be kept */
	unsigned int nr_drops;
	bool dry_run;
	const char *cases;
	const char *replay; /* a recording */
	__u64 cost_ns; /* 0: list measures nothing */
	__u64 confirm_ns; /* 0: apply waits for no confirmation */
	bool all;
	bool rules; /* new: a rule file */
	bool overwrite;
	bool json;
	bool wide;
	bool verbose;
	bool help;
	bool version;
	bool has_command;
};

int options__parse(struct options *options, int argc, char **argv);
void options__print_help(const struct options *options);

#endif /* _IOPOLICY_OPTIONS_H */
