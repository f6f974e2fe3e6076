/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy that is loaded to be tried: the driver runs its programs with requests of a test, and no
 * call asks it. The link is not pinned, so the policy is gone however this process ends.
 */
#ifndef _IOPOLICY_TRIAL_H
#define _IOPOLICY_TRIAL_H

#include <linux/types.h>

#include "iommufd_policy.h"
#include "object/object.h"

struct trial {
	struct iopolicy_bpf *bpf;
	int link_fd; /* -1: none */
};

/*
 * Load an object as a trial. entries are put into its maps, MAP:KEY=VALUE each. Return 0 or -errno
 * after a message; close the trial in both cases, before the object.
 */
int trial__open(struct trial *trial, struct object *object, const char *const *entries,
		unsigned int nr_entries, bool verbose);
void trial__close(struct trial *trial);
/* Try a request. Return 0, or -errno after a message. */
int trial__ask(struct trial *trial, const struct iommufd_policy_request *request,
	       struct iommufd_policy_trial *result);

#endif /* _IOPOLICY_TRIAL_H */
