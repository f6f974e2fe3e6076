// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command why: the last refusals.
 */
#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "clock.h"
#include "command/command.h"
#include "errname.h"
#include "kernel/kernel.h"
#include "model/refusals.h"
#include "msg.h"
#include "output/output.h"
#include "parse.h"
#include "rules/value.h"
#include "store/store.h"

struct wanted {
	__u32 tgid; /* 0: all */
	int error; /* 0: any */
};

static int read_wanted(struct wanted *wanted, const char *text)
{
	char why[PARSE_WHY_MAX];
	__u64 number;

	if (!text)
		return 0;
	if (*text >= '0' && *text <= '9') {
		if (parse__count(text, 1, 0x7fffffff, &number, why)) {
			msg("why: '%s' is not a process id: %s", text, why);
			return -EINVAL;
		}
		wanted->tgid = number;
		return 0;
	}
	wanted->error = value__errno(text);
	if (wanted->error)
		return 0;
	msg("why: '%s' is neither a process id nor an error like EPERM", text);
	return -EINVAL;
}

/* A policy that was unloaded meanwhile is left out. */
static int add_policy(struct refusals *refusals, const struct iommufd_policy_info *info,
		      const struct kept_refusals *history, bool *is_rules)
{
	struct former former = { .link_fd = -1, .ops_fd = -1 };
	int fd = bpf_link_get_fd_by_id(info->link_id), err;

	if (fd < 0)
		return 0;
	err = former__hold(&former, info->name, fd);
	if (!err)
		err = refusals__add(refusals, info, &former, history, clock__now(), is_rules);
	former__free(&former);
	return err;
}

/* The history has policies that are unloaded, too; one has rules if that of its name has. */
static int add_all(struct refusals *refusals, const struct loaded *loaded,
		   const struct kept_refusals *history)
{
	const struct iommufd_policy_info *info;
	bool *is_rules = calloc(loaded->nr + 1, sizeof(*is_rules));
	unsigned int i;
	int err = is_rules ? 0 : -ENOMEM;

	for (i = 0; i < loaded->nr && !err; i++)
		err = add_policy(refusals, &loaded->policies[i], history, &is_rules[i]);
	for (i = 0; i < history->nr && !err; i++) {
		info = loaded__find_name(loaded, history->list[i].name);
		err = refusals__add_history(refusals, &history->list[i],
					    info && is_rules[info - loaded->policies],
					    clock__now());
	}
	free(is_rules);
	return err;
}

static int explain_none(const struct wanted *wanted)
{
	char name[ERRNAME_MAX];

	if (wanted->tgid)
		msg("no refusal of process %u is known\n"
		    "  iosnoop -p %u shows all calls that fail, and why",
		    wanted->tgid, wanted->tgid);
	else if (wanted->error)
		msg("no refusal with %s is known\n"
		    "  iosnoop -x shows all calls that fail, and why",
		    errname(wanted->error, name));
	else
		msg("policies have refused nothing since the module was loaded");
	return -ENOENT;
}

int command__why(const struct options *options)
{
	struct refusals refusals = {};
	struct store store = { .fd = -1 };
	struct wanted wanted = {};
	struct kept_refusals history = {};
	struct loaded loaded = {};
	int err;

	err = read_wanted(&wanted, options->file);
	if (!err)
		err = machine__check();
	if (!err)
		err = store__open(&store, true);
	if (!err)
		err = loaded__read(&loaded);
	if (!err)
		err = kept_refusals__read(&history);
	if (!err)
		err = add_all(&refusals, &loaded, &history);
	if (err == -ENOMEM)
		msg("why: not enough memory");
	refusals__choose(&refusals, wanted.tgid, wanted.error);
	if (!err && !refusals.nr)
		err = explain_none(&wanted);
	else if (!err)
		output__choose(options->json)->refusals(&refusals);
	refusals__free(&refusals);
	kept_refusals__free(&history);
	loaded__free(&loaded);
	store__close(&store);
	return err;
}
