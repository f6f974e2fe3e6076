// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command test with a policy in BPF: the driver runs its programs with the requests of cases or
 * of a recording.
 *
 * The policy is loaded once, so entries that one request leaves in its maps stay for the next.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cgroup.h"
#include "clock.h"
#include "command/command.h"
#include "command/recorded.h"
#include "command/trial.h"
#include "kernel/kernel.h"
#include "kernel/trial.h"
#include "model/tried.h"
#include "msg.h"
#include "object/reads.h"
#include "output/output.h"
#include "rules/cases.h"
#include "rules/lex.h"
#include "rules/members.h"

struct trying {
	const struct options *options;
	struct object object;
	struct trial trial;
	struct object_reads reads;
	struct recorded recorded;
	struct tried tried;
	char mount[CGROUP_PATH_MAX]; /* of cgroups; "" if there is none */
};

bool trial__is_object(const char *file)
{
	size_t length = strlen(file);

	/* A policy in BPF has no other suffix; a rule file may have any. */
	return length >= 2 && !strcmp(file + length - 2, ".o");
}

/* The id of a cgroup of this machine; 0 if there is none with this path. */
static __u64 find_cgroup(const struct trying *trying, const char *path)
{
	char full[2 * CGROUP_PATH_MAX];
	struct stat stat_;

	if (!trying->mount[0])
		return 0;
	snprintf(full, sizeof(full), "%s%s", trying->mount, path);
	return stat(full, &stat_) || !S_ISDIR(stat_.st_mode) ? 0 : stat_.st_ino;
}

/* ---- cases ---- */

static int set_cgroup(const struct trying *trying, const struct rules_cases *cases,
		      struct rules_case *one)
{
	one->request.cgroup = find_cgroup(trying, one->cgroup);
	if (one->request.cgroup || !strcmp(one->cgroup, "/"))
		return 0;
	rules__fail(
		cases->file, one->place,
		"there is no cgroup %.200s here, and a policy in BPF sees cgroups by their ids; "
		"make it with mkdir, or leave it out",
		one->cgroup);
	return -ENOENT;
}

/* Wait until the time of a case, if it has one, has passed since the first case. */
static void wait_until(__u64 start_ns, __u64 time_ns)
{
	struct timespec until = {
		.tv_sec = (start_ns + time_ns) / NS_PER_SEC,
		.tv_nsec = (start_ns + time_ns) % NS_PER_SEC,
	};

	if (time_ns)
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
			;
}

static int run_cases(struct trying *trying, const struct rules_cases *cases, struct tested *tested)
{
	const struct output *output = output__choose(trying->options->json);
	struct iommufd_policy_trial result;
	char text[CASE_TEXT_MAX];
	struct timespec now;
	unsigned int i;
	__u64 start_ns;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &now);
	start_ns = now.tv_sec * NS_PER_SEC + now.tv_nsec;
	for (i = 0; i < cases->nr && !err; i++) {
		struct rules_case *one = &cases->list[i];

		wait_until(start_ns, one->world.now_ns);
		err = trial__ask(&trying->trial, &one->request, &result);
		if (err || case__compare(one, &result, text))
			continue;
		output->case_failed(cases->file, one->place, text);
		tested->nr_failed++;
	}
	return err;
}

/* ---- a recording ---- */

/* Fill in a request for this machine. Return bits of the members that are not known. */
static __u64 complete(const struct trying *trying, struct partial *partial)
{
	struct iommufd_policy_request *request = &partial->request;
	__u64 missing = members__missing(partial);

	request->cgroup = partial->world.cgroup ? find_cgroup(trying, partial->world.cgroup) : 0;
	if (!request->cgroup)
		missing |= 1ull << REQUEST_cgroup;
	/* An exception for root must not apply. */
	if (missing >> REQUEST_uid & 1)
		request->uid = IOMMUFD_NONE;
	return missing;
}

static void note_refusal(struct trying *trying, struct tried_hook *hook,
			 const struct iommufd_policy_trial *result)
{
	const struct iommufd_policy_request *request = &trying->recorded.partial.request;
	char reason[IOMMUFD_POLICY_REASON_LEN];
	const struct replayed_request refused = {
		.time_ns = recorded__time_ns(&trying->recorded),
		.request = request,
		.rule = trying->object.values.name,
		.ret = result->ret,
		.reason = reason,
	};

	memcpy(reason, result->reason, sizeof(reason));
	if (result->flags & IOMMUFD_TRIAL_INVALID && !reason[0])
		snprintf(reason, sizeof(reason), "returned %d", result->value);
	if (!hook->denied++) {
		hook->time_ns = refused.time_ns;
		hook->tgid = request->tgid;
		hook->ret = result->ret;
		memcpy(hook->comm, request->comm, sizeof(hook->comm));
		memcpy(hook->reason, reason, sizeof(hook->reason));
	}
	if (trying->options->all)
		output__choose(trying->options->json)->replayed_request(&refused);
}

static int decide(void *arg)
{
	struct trying *trying = arg;
	struct iommufd_policy_request *request = &trying->recorded.partial.request;
	struct tried_hook *hook = &trying->tried.hooks[request->hook];
	struct iommufd_policy_trial result;
	__u64 missing;
	int err;

	missing = complete(trying, &trying->recorded.partial) &
		  trying->reads.members[request->hook];
	err = trial__ask(&trying->trial, request, &result);
	if (err)
		return err;
	trying->tried.nr_requests++;
	trying->tried.has_totals |= traffic__has_totals(trying->recorded.traffic);
	hook->requests++;
	hook->invalid += !!(result.flags & IOMMUFD_TRIAL_INVALID);
	hook->slow += !!(result.flags & IOMMUFD_TRIAL_SLOW);
	hook->outside += !!(result.flags & IOMMUFD_TRIAL_OUT_OF_SCOPE);
	if (trying->object.values.cgroup && !request->cgroup)
		missing |= 1ull << REQUEST_cgroup;
	if (missing && !(result.flags & IOMMUFD_TRIAL_NO_HOOK)) {
		hook->unsure++;
		hook->missing |= missing;
		trying->tried.unsure++;
	}
	if (result.ret) {
		trying->tried.denied++;
		note_refusal(trying, hook, &result);
	} else {
		hook->allowed++;
	}
	return 0;
}

static int run_recording(struct trying *trying)
{
	struct tried *tried = &trying->tried;
	int err;

	tried->file = trying->options->file;
	tried->recording = trying->options->replay;
	tried->name = trying->object.values.name;
	tried->reads = &trying->reads;
	err = recorded__read(&trying->recorded, trying->options->replay, decide, trying);
	if (!err) {
		tried->recorded_hooks = trying->recorded.hooks;
		tried->failed = trying->recorded.failed;
		tried->lost = trying->recorded.lost;
		tried->is_cut = trying->recorded.is_cut;
		output__choose(trying->options->json)->tried(tried);
	}
	recorded__free(&trying->recorded);
	return err;
}

/* ---- the command ---- */

/* Read the cases before the policy is loaded, so that errors in them are found first. */
static int read_cases(struct trying *trying, struct rules_cases *cases)
{
	unsigned int i;
	int err;

	err = cases__read(cases, NULL, trying->options->cases);
	for (i = 0; i < cases->nr && !err; i++)
		err = set_cgroup(trying, cases, &cases->list[i]);
	return err;
}

static int run(struct trying *trying)
{
	const struct options *options = trying->options;
	struct tested tested = { .file = options->file, .is_program = true };
	struct rules_cases cases = {};
	int err = 0;

	if (options->cases)
		err = read_cases(trying, &cases);
	if (!err)
		err = open__object(&trying->object, options, NULL, NULL);
	if (!err)
		err = trial__open(&trying->trial, &trying->object, options->entries,
				  options->nr_entries, options->verbose);
	if (!err)
		object__find_reads(&trying->object, &trying->reads);
	if (!err && options->cases) {
		tested.nr_cases = cases.nr;
		tested.reads = &trying->reads;
		err = run_cases(trying, &cases, &tested);
	}
	if (!err && options->replay)
		err = run_recording(trying);
	if (!err && options->cases)
		output__choose(options->json)->tested(&tested);
	cases__free(&cases);
	return !err && tested.nr_failed ? -EDOM : err;
}

int trial__run(const struct options *options)
{
	struct trying *trying = calloc(1, sizeof(*trying));
	int err;

	if (!trying)
		return -ENOMEM;
	if (!options->cases && !options->replay) {
		msg("test: a policy in BPF needs --cases or --replay; iopolicy verify checks that "
		    "the kernel accepts it");
		free(trying);
		return -EINVAL;
	}
	trying->options = options;
	trying->trial.link_fd = -1;
	if (cgroup__mount_point(NULL, trying->mount))
		trying->mount[0] = '\0';
	err = run(trying);
	trial__close(&trying->trial);
	object__close(&trying->object);
	free(trying);
	return err;
}
