/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pinned policy that is held open, so that it can be put back after it was replaced or unloaded.
 *
 * The file descriptors keep its link, its maps and its programs alive, so the policy has the
 * entries of its maps when it is put back. After an unload its counts begin at 0.
 */
#ifndef _IOPOLICY_FORMER_H
#define _IOPOLICY_FORMER_H

#include <stdbool.h>
#include <linux/types.h>

#include "iommufd_policy.h"

/*
 * A map or program. The programs in force and their maps are known from the kernel, so none is
 * missed if its pin was removed; others are known by their pins alone.
 */
struct former_pin {
	char *name; /* of the pin; without one, the kernel's name, which has up to 15 characters */
	bool is_program;
	bool is_pinned;
	__u32 id;
	int fd;
};

struct former {
	char name[IOMMUFD_POLICY_NAME_LEN];
	__u32 map_id; /* of the struct_ops map that was in force */
	int link_fd;
	int ops_fd;
	struct former_pin *pins; /* each map and program once */
	unsigned int nr;
};

/*
 * Hold a pinned policy, whose link is open. The former takes over link_fd, also after an error.
 * Return 0 or -errno after a message. Free it in both cases.
 */
int former__hold(struct former *former, const char *name, int link_fd);
void former__free(struct former *former);
/* Whether a map or program has this name, as far as the former knows its name. */
bool former_pin__is_named(const struct former_pin *pin, const char *name);
/* A map or program by its name; -1 if there is none. The file descriptor belongs to the former. */
int former__find(const struct former *former, const char *name, bool is_program);
/*
 * The map with the constants of the programs, which are the policy's parameters; -1 if it has none.
 */
int former__params_fd(const struct former *former);

/* Put it back in the place of the policy that replaced it; or load and pin it again. */
int former__restore_replaced(const struct former *former);
int former__restore_unloaded(const struct former *former);

#endif /* _IOPOLICY_FORMER_H */
