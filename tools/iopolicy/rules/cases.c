// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read cases, and decide them, see cases.h.
 *
 *	HOOK VALUE... -> allow [RULE] | deny [RULE [ERROR]] [reason TEXT] [audit RULE]...
 *
 * A policy in BPF has no rules: there it is allow | deny [ERROR] [reason TEXT].
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errname.h"
#include "msg.h"
#include "rules/case_fields.h"
#include "rules/parser.h"

#define BY_ANY -2
#define MAX_CASES 100000

void case__begin(struct rules_case *one, unsigned int hook)
{
	struct iommufd_policy_request *request = &one->request;

	memset(one, 0, sizeof(*one));
	request->hook = hook;
	request->device = IOMMUFD_NONE;
	request->ioas = IOMMUFD_NONE;
	request->hwpt = IOMMUFD_NONE;
	request->pasid = IOMMUFD_NONE;
	request->virt_pasid = IOMMUFD_NONE;
	request->pt = IOMMUFD_NONE;
	request->sbdf = IOMMUFD_NONE;
	request->vendor = IOMMUFD_NONE;
	request->product = IOMMUFD_NONE;
	request->group = IOMMUFD_NONE;
	one->world.has_areas = true;
	one->by = BY_ANY;
	strcpy(one->cgroup, "/");
}

static int find_rule(const struct rules *rules, const char *name)
{
	unsigned int i;

	for (i = 0; i < rules->nr; i++)
		if (!strcmp(rules->list[i].name, name))
			return i;
	return -1;
}

static bool is_verdict_word(const struct lex *lex)
{
	return lex__is(lex, "audit") || lex__is(lex, "reason") || value__hook(lex->word);
}

/* The name of a rule, if there is one; the name of a hook begins the next case. */
static int read_rule(const struct rules *rules, struct lex *lex, bool is_needed, int *number)
{
	if (lex->kind != LEX_WORD || (!is_needed && is_verdict_word(lex)))
		return is_needed ? lex__expected(lex, "the name of a rule") : 0;
	*number = find_rule(rules, lex->word);
	if (*number < 0)
		return lex__fail(lex, "there is no rule '%.40s' in %s", lex->word, rules->file);
	return lex__next(lex);
}

static int read_error(struct rules_case *one, struct lex *lex)
{
	if (!one->is_denied || lex->kind != LEX_WORD || is_verdict_word(lex))
		return 0;
	one->error = value__errno(lex->word);
	if (one->error)
		return lex__next(lex);
	if (one->is_for_program)
		return lex__fail(lex,
				 "found '%.40s', expected an error like EPERM, reason, or the next "
				 "case; a policy in BPF has no rules",
				 lex->word);
	return lex__expected(lex, "an error like EPERM");
}

static int read_reason(struct rules_case *one, struct lex *lex)
{
	int err = 0;

	if (!lex__take(lex, "reason", &err) || err)
		return err;
	if (lex->kind != LEX_STRING)
		return lex__expected(lex, "a text in quotes");
	if (strlen(lex->word) >= sizeof(one->reason))
		return lex__fail(lex, "a reason has at most %zu characters",
				 sizeof(one->reason) - 1);
	strcpy(one->reason, lex->word);
	one->has_reason = true;
	return lex__next(lex);
}

static int read_verdict(struct rules_case *one, const struct rules *rules, struct lex *lex)
{
	int err = 0, audit;

	one->is_denied = lex__take(lex, "deny", &err);
	if (!one->is_denied && !lex__take(lex, "allow", &err))
		return err ? err : lex__expected(lex, "allow or deny");
	one->by = BY_ANY;
	if (!err && rules)
		err = read_rule(rules, lex, false, &one->by);
	if (!err)
		err = read_error(one, lex);
	if (!err)
		err = read_reason(one, lex);
	if (!err && !rules && lex->kind == LEX_WORD && !value__hook(lex->word))
		return lex__fail(lex,
				 "found '%.40s', expected %sthe next case; a policy in BPF "
				 "has no rules",
				 lex->word, one->has_reason ? "" : "reason, or ");
	while (!err && lex__take(lex, "audit", &err)) {
		if (err)
			return err;
		if (one->nr_audits == CASE_AUDITS)
			return lex__fail(lex, "more than %d rules in audit mode", CASE_AUDITS);
		err = read_rule(rules, lex, true, &audit);
		if (!err)
			one->audits[one->nr_audits++] = audit;
	}
	return err;
}

static int read_case(struct rules_case *one, const struct rules *rules, struct lex *lex)
{
	__u32 hook = lex->kind == LEX_WORD ? value__hook(lex->word) : 0;
	char list[HOOK_LIST_MAX];
	int err;

	if (!hook || hook & (hook - 1))
		return lex__expected(lex, value__hook_list(list, RULES_AT_ALL));
	case__begin(one, __builtin_ctz(hook));
	one->is_for_program = !rules;
	one->place = lex->place;
	err = lex__next(lex);
	while (!err && !lex__is(lex, "-") && lex->kind == LEX_WORD)
		err = case__read_value(one, lex);
	if (!err && !lex__take(lex, "-", &err))
		return err ? err : lex__expected(lex, "FIELD=VALUE or ->");
	if (!err && !lex__take(lex, ">", &err))
		return err ? err : lex__expected(lex, "->");
	if (one->is_copy) {
		one->world.copied = one->request.kind;
		one->request.kind = IOMMUFD_MEMORY_COPY;
	}
	return err ? err : read_verdict(one, rules, lex);
}

int cases__parse(struct rules_cases *cases, const struct rules *rules, const char *file,
		 const char *text, size_t size)
{
	struct rules_case *grown;
	struct lex *lex = malloc(sizeof(*lex));
	unsigned int room = 0;
	int err;

	memset(cases, 0, sizeof(*cases));
	cases->file = file;
	err = lex ? lex__begin(lex, file, NULL, text, size) : -ENOMEM;
	while (!err && lex->kind != LEX_END) {
		if (cases->nr == room) {
			room = room ? 2 * room : 64;
			grown = realloc(cases->list, room * sizeof(*grown));
			if (!grown || room > 2 * MAX_CASES) {
				err = -ENOMEM;
				break;
			}
			cases->list = grown;
		}
		err = read_case(&cases->list[cases->nr], rules, lex);
		cases->nr += !err;
	}
	free(lex);
	if (err == -ENOMEM)
		msg("%s: not enough memory", file);
	if (!err && !cases->nr) {
		msg("%s: the file has no case", file);
		err = -ENOEXEC;
	}
	return err;
}

int cases__read(struct rules_cases *cases, const struct rules *rules, const char *file)
{
	char *text = NULL;
	size_t size;
	int err;

	memset(cases, 0, sizeof(*cases));
	err = rules__read_text(file, &text, &size);
	if (!err)
		err = cases__parse(cases, rules, file, text, size);
	free(text);
	return err;
}

void cases__free(struct rules_cases *cases)
{
	free(cases->list);
	memset(cases, 0, sizeof(*cases));
}

/* ---- decisions ---- */

__attribute__((format(printf, 2, 3))) static void add(char text[CASE_TEXT_MAX], const char *format,
						      ...)
{
	size_t length = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + length, CASE_TEXT_MAX - length, format, args);
	va_end(args);
}

static void add_verdict(char text[CASE_TEXT_MAX], const struct rules *rules, bool is_denied, int by,
			int error, const char *reason, const int *audits, unsigned int nr_audits)
{
	char name[ERRNAME_MAX];
	unsigned int i;

	add(text, "%s", is_denied ? "deny" : "allow");
	if (by >= 0)
		add(text, " %s", rules->list[by].name);
	if (is_denied && error)
		add(text, " %s", errname(error, name));
	if (reason)
		add(text, " reason \"%s\"", reason);
	for (i = 0; i < nr_audits; i++)
		add(text, " audit %s", rules->list[audits[i]].name);
}

/* Rules in audit mode that the case does not name do not matter, but those it names must apply. */
static bool has_audits(const struct rules_case *one, const struct rules_verdict *verdict)
{
	unsigned int i, j;

	for (i = 0; i < one->nr_audits; i++) {
		for (j = 0; j < verdict->nr_audited; j++)
			if (verdict->audited[j] == one->audits[i])
				break;
		if (j == verdict->nr_audited)
			return false;
	}
	return true;
}

static bool has_reason(const struct rules_case *one, const char *reason)
{
	return !one->has_reason || !strncmp(one->reason, reason, sizeof(one->reason));
}

bool case__run(const struct rules_case *one, const struct rules *rules,
	       const struct rules_image *image, struct rules_state *state, char text[CASE_TEXT_MAX])
{
	struct rules_world world = one->world;
	struct rules_verdict *verdict = malloc(sizeof(*verdict));
	bool is_right;

	text[0] = '\0';
	if (!verdict)
		return false;
	world.cgroup = one->cgroup;
	world.devices = one->devices;
	rules__decide(image, &one->request, &world, state, verdict);
	is_right = one->is_denied == !!verdict->ret &&
		   (one->by == BY_ANY || one->by == verdict->decided_by) &&
		   (!one->error || one->error == -verdict->ret) &&
		   has_reason(one, verdict->reason) && has_audits(one, verdict);
	if (!is_right) {
		add(text, "expected ");
		add_verdict(text, rules, one->is_denied, one->by, one->error,
			    one->has_reason ? one->reason : NULL, one->audits, one->nr_audits);
		add(text, ", got ");
		add_verdict(text, rules, verdict->ret, verdict->decided_by, -verdict->ret,
			    one->has_reason ? verdict->reason : NULL, verdict->audited,
			    verdict->nr_audited);
	}
	free(verdict);
	return is_right;
}

bool case__compare(const struct rules_case *one, const struct iommufd_policy_trial *trial,
		   char text[CASE_TEXT_MAX])
{
	text[0] = '\0';
	if (one->is_denied == !!trial->ret && (!one->error || one->error == -trial->ret) &&
	    has_reason(one, trial->reason))
		return true;
	add(text, "expected ");
	add_verdict(text, NULL, one->is_denied, BY_ANY, one->error,
		    one->has_reason ? one->reason : NULL, NULL, 0);
	add(text, ", got ");
	add_verdict(text, NULL, trial->ret, BY_ANY, -trial->ret,
		    trial->reason[0] || one->has_reason ? trial->reason : NULL, NULL, 0);
	if (trial->flags & IOMMUFD_TRIAL_NO_HOOK)
		add(text, ", because the policy has no program for %s",
		    value__hook_name(one->request.hook));
	else if (trial->flags & IOMMUFD_TRIAL_OUT_OF_SCOPE)
		add(text, ", because the policy does not apply to this cgroup");
	else if (trial->flags & IOMMUFD_TRIAL_INVALID)
		add(text, ", because the program returned %d, which is not an error", trial->value);
	return false;
}
