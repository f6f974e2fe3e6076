/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cases: requests with the verdicts that a rule file, or a policy in BPF, shall give, in a file of
 * their own.
 *
 *	map uid=1000 uid-after=5G cgroup=/user.slice -> deny big-user ENOMEM
 *	bind vendor=8086 -> allow
 */
#ifndef _IOPOLICY_RULES_CASES_H
#define _IOPOLICY_RULES_CASES_H

#include "rules/rules.h"

#define CASE_DEVICES 16
#define CASE_AUDITS 16
#define CASE_TEXT_MAX 512
#define CASE_CGROUP_MAX 256
#define CASE_WAIT_NS 60000000000ull /* longest time of a case that is decided in real time */

struct rules_case {
	struct rules_place place;
	struct iommufd_policy_request request;
	struct rules_world world;
	struct rules_device devices[CASE_DEVICES];
	bool is_for_program; /* of a policy in BPF, which has no rules */
	bool is_copy; /* the memory's kind is that of a copy */
	char cgroup[CASE_CGROUP_MAX];
	/* What shall happen. */
	bool is_denied;
	int by; /* number of the rule that decides; -2: any, or none */
	int error; /* positive; 0: any */
	bool has_reason;
	char reason[IOMMUFD_POLICY_REASON_LEN];
	int audits[CASE_AUDITS]; /* numbers of rules in audit mode that apply */
	unsigned int nr_audits;
};

struct rules_cases {
	const char *file;
	struct rules_case *list;
	unsigned int nr;
};

/*
 * Read a file of cases for these rules, or for a policy in BPF if they are NULL. Free the cases in
 * all cases.
 */
int cases__read(struct rules_cases *cases, const struct rules *rules, const char *file);
/* The same with the text of a file. */
int cases__parse(struct rules_cases *cases, const struct rules *rules, const char *file,
		 const char *text, size_t size);
void cases__free(struct rules_cases *cases);

/*
 * Decide a case. Return whether the verdict is the expected one; else the text says what was
 * expected and what happened.
 */
bool case__run(const struct rules_case *one, const struct rules *rules,
	       const struct rules_image *image, struct rules_state *state,
	       char text[CASE_TEXT_MAX]);
/* Compare the verdict of a policy in BPF with that of a case, likewise. */
bool case__compare(const struct rules_case *one, const struct iommufd_policy_trial *trial,
		   char text[CASE_TEXT_MAX]);
/* Begin a request in which every value is none or 0, as the driver does. */
void case__begin(struct rules_case *one, unsigned int hook);

#endif /* _IOPOLICY_RULES_CASES_H */
