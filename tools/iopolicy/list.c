// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command list: what is in force, as the kernel has it, next to what is pinned.
 *
 * Each policy is in one of three states: pinned (in force, with its pin), held (in force, and not
 * pinned in our folder: by a process, or by a pin elsewhere), stale (a folder with pins, of which
 * none holds a policy in force). Of a folder whose link cannot be opened nothing is known.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "errname.h"
#include "iopolicy.h"
#include "msg.h"
#include "row.h"
#include "text.h"

enum { ID, NAME, PRIO, SCOPE, STATE, HOOKS, ALLOWED, DENIED, WOULD, REASON };

static const struct row_column narrow[] = {
	[ID] = { "ID", 3, true },
	[NAME] = { "NAME", 12, false },
	[PRIO] = { "PRIO", 4, true },
	[SCOPE] = { "SCOPE", 8, false },
	[STATE] = { "STATE", 6, false },
	[HOOKS] = { "HOOKS", 19, false },
	[ALLOWED] = { "ALLOWED", 7, true },
	[DENIED] = { "DENIED", 6, true },
	[WOULD] = { "WOULD-DENY", 10, true },
	[REASON] = { "LAST-REASON", 0, false },
};

enum {
	W_ID,
	W_LINK,
	W_NAME,
	W_PRIO,
	W_SCOPE,
	W_STATE,
	W_MODE,
	W_HOOK,
	W_ALLOWED,
	W_DENIED,
	W_WOULD,
	W_INVALID,
	W_REASON
};

static const struct row_column wide[] = {
	[W_ID] = { "ID", 4, true },
	[W_LINK] = { "LINK", 4, true },
	[W_NAME] = { "NAME", 16, false },
	[W_PRIO] = { "PRIO", 5, true },
	[W_SCOPE] = { "SCOPE", 16, false },
	[W_STATE] = { "STATE", 6, false },
	[W_MODE] = { "MODE", 7, false },
	[W_HOOK] = { "HOOK", 13, false },
	[W_ALLOWED] = { "ALLOWED", 10, true },
	[W_DENIED] = { "DENIED", 10, true },
	[W_WOULD] = { "WOULD-DENY", 10, true },
	[W_INVALID] = { "INVALID", 7, true },
	[W_REASON] = { "LAST-REASON", 0, false },
};

#define COLUMNS(array) (array), sizeof(array) / sizeof((array)[0])

struct listing {
	const struct options *options;
	struct force force;
	struct store_policy *pins;
	unsigned int nr_pins;
	struct row row;
};

static bool is_pinned(const struct listing *listing, const struct iommufd_policy_info *info)
{
	unsigned int i;

	for (i = 0; i < listing->nr_pins; i++)
		if (listing->pins[i].state == STORE_PINNED &&
		    listing->pins[i].link_id == info->link_id)
			return true;
	return false;
}

static bool is_stale(const struct listing *listing, const struct store_policy *pin)
{
	return pin->state != STORE_PINNED || !force__find_link(&listing->force, pin->link_id);
}

static struct iommufd_policy_count sum_counts(const struct iommufd_policy_info *info)
{
	struct iommufd_policy_count sum = {};
	unsigned int i;

	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		sum.allowed += info->counts[i].allowed;
		sum.denied += info->counts[i].denied;
		sum.would_deny += info->counts[i].would_deny;
		sum.invalid += info->counts[i].invalid;
	}
	return sum;
}

/* "EDQUOT over 1 GiB", "EPERM", "-" */
static char *last_reason(char *text, size_t size, const struct iommufd_policy_info *info)
{
	char name[ERRNAME_MAX];
	int at;

	if (!info->last_ret)
		return strcpy(text, "-");
	at = snprintf(text, size, "%s%s", errname(-info->last_ret, name),
		      info->reason[0] ? " " : "");
	text__clean(text + at, size - at, info->reason, sizeof(info->reason), size, false);
	return text;
}

static void clean_name(char *text, size_t size, const struct iommufd_policy_info *info)
{
	text__clean(text, size, info->name, sizeof(info->name), size, false);
}

static void print_narrow(struct listing *listing, const struct iommufd_policy_info *info)
{
	struct iommufd_policy_count sum = sum_counts(info);
	char text[512], hooks[HOOKS_MAX];
	struct row *row = &listing->row;

	row__begin(row);
	row__number(row, ID, info->id);
	clean_name(text, sizeof(text), info);
	row__put(row, NAME, text);
	row__printf(row, PRIO, "%d", info->priority);
	row__put(row, SCOPE, report__scope(text, sizeof(text), info->cgroup));
	row__put(row, STATE, is_pinned(listing, info) ? "pinned" : "held");
	row__put(row, HOOKS, hook__list(hooks, info->hooks));
	row__number(row, ALLOWED, sum.allowed);
	row__number(row, DENIED, sum.denied);
	row__number(row, WOULD, sum.would_deny);
	row__put(row, REASON, last_reason(text, sizeof(text), info));
	row__print(row, stdout);
}

static void print_wide(struct listing *listing, const struct iommufd_policy_info *info)
{
	struct row *row = &listing->row;
	char text[512];
	unsigned int i;

	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		const struct iommufd_policy_count *count = &info->counts[i];

		if (!(info->hooks & 1u << i))
			continue;
		row__begin(row);
		row__number(row, W_ID, info->id);
		row__number(row, W_LINK, info->link_id);
		clean_name(text, sizeof(text), info);
		row__put(row, W_NAME, text);
		row__printf(row, W_PRIO, "%d", info->priority);
		row__put(row, W_SCOPE, report__scope(text, sizeof(text), info->cgroup));
		row__put(row, W_STATE, is_pinned(listing, info) ? "pinned" : "held");
		row__put(row, W_MODE, info->flags & IOMMUFD_POLICY_AUDIT ? "audit" : "enforce");
		row__put(row, W_HOOK, hook_names[i]);
		row__number(row, W_ALLOWED, count->allowed);
		row__number(row, W_DENIED, count->denied);
		row__number(row, W_WOULD, count->would_deny);
		row__number(row, W_INVALID, count->invalid);
		row__put(row, W_REASON,
			 info->last_hook == i ? last_reason(text, sizeof(text), info) : "-");
		row__print(row, stdout);
	}
}

/* Of what is not in force. */
static const char *state_name(const struct store_policy *pin)
{
	return pin->state == STORE_UNKNOWN ? "unknown" : "stale";
}

static void print_stale(struct listing *listing, const struct store_policy *pin)
{
	struct row *row = &listing->row;

	row__begin(row);
	row__put(row, ID, "-");
	row__put(row, listing->options->wide ? (int)W_NAME : NAME, pin->name);
	row__put(row, listing->options->wide ? (int)W_STATE : STATE, state_name(pin));
	row__put(row, listing->options->wide ? (int)W_REASON : REASON,
		 pin->state == STORE_UNKNOWN ? "its link cannot be opened" :
					       "not in force: iopolicy clean");
	row__print(row, stdout);
}

static void put_counts(struct json *json, const struct iommufd_policy_count *count)
{
	json__u64(json, "allowed", count->allowed);
	json__u64(json, "denied", count->denied);
	json__u64(json, "would_deny", count->would_deny);
	json__u64(json, "invalid", count->invalid);
}

static void put_last(struct json *json, const struct iommufd_policy_info *info)
{
	char name[ERRNAME_MAX];

	if (!info->last_ret) {
		json__null(json, "last");
		return;
	}
	json__object(json, "last");
	json__string(json, "hook", hook__name(info->last_hook));
	json__s64(json, "ret", info->last_ret);
	json__string(json, "error", errname(-info->last_ret, name));
	json__u64(json, "tgid", info->last_tgid);
	json__string_n(json, "reason", info->reason, sizeof(info->reason));
	json__end(json);
}

static void put_policy(const struct listing *listing, const struct iommufd_policy_info *info)
{
	struct iommufd_policy_count sum = sum_counts(info);
	char path[CGROUP_PATH_MAX];
	struct json json;
	unsigned int i;

	report__begin(&json, "policy");
	json__string_n(&json, "name", info->name, sizeof(info->name));
	json__string(&json, "state", is_pinned(listing, info) ? "pinned" : "held");
	json__u64(&json, "id", info->id);
	json__u64(&json, "link_id", info->link_id);
	json__s64(&json, "priority", info->priority);
	json__bool(&json, "audit", info->flags & IOMMUFD_POLICY_AUDIT);
	json__u64(&json, "cgroup", info->cgroup);
	if (info->cgroup && !cgroup__path(info->cgroup, path, sizeof(path)))
		json__string(&json, "cgroup_path", path);
	else
		json__null(&json, "cgroup_path");
	put_counts(&json, &sum);
	put_last(&json, info);
	json__object(&json, "hooks");
	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		if (!(info->hooks & 1u << i))
			continue;
		json__object(&json, hook_names[i]);
		put_counts(&json, &info->counts[i]);
		json__end(&json);
	}
	json__end(&json);
	report__end(&json);
}

static void put_stale(const struct store_policy *pin)
{
	struct json json;

	report__begin(&json, "policy");
	json__string(&json, "name", pin->name);
	json__string(&json, "state", state_name(pin));
	report__end(&json);
}

static void print(struct listing *listing)
{
	const struct options *options = listing->options;
	unsigned int i;

	if (!options->json) {
		if (options->wide)
			row__init(&listing->row, COLUMNS(wide), 0);
		else
			row__init(&listing->row, COLUMNS(narrow), 0);
		row__print_header(&listing->row, stdout);
	}
	for (i = 0; i < listing->force.nr; i++) {
		if (options->json)
			put_policy(listing, &listing->force.policies[i]);
		else if (options->wide)
			print_wide(listing, &listing->force.policies[i]);
		else
			print_narrow(listing, &listing->force.policies[i]);
	}
	for (i = 0; i < listing->nr_pins; i++) {
		if (!is_stale(listing, &listing->pins[i]))
			continue;
		if (options->json)
			put_stale(&listing->pins[i]);
		else
			print_stale(listing, &listing->pins[i]);
	}
}

int list__list(const struct options *options)
{
	struct listing listing = { .options = options };
	struct store store = { .fd = -1 };
	char name[ERRNAME_MAX];
	int err;

	err = machine__check();
	if (err)
		return err;
	/* Without pins the list is right as well: nothing is pinned. */
	err = store__open(&store, true);
	if (err)
		return err;
	err = force__read(&listing.force);
	if (err)
		goto close;
	err = store__list(&store, &listing.pins, &listing.nr_pins);
	if (err)
		msg(STORE ": %s", errname(-err, name));
	else
		print(&listing);
close:
	store__close(&store);
	free(listing.pins);
	force__free(&listing.force);
	return err;
}
