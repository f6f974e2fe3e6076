// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules, as statements of a rule file: see parse.c for the grammar.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "rules/statement.h"

#define DENY_ERROR EPERM
#define LIMIT_ERROR EAGAIN
#define RATE_MAX 1000000000
#define BURST_TIME_MAX (1ull << 62) /* ns */

/* The parts that a rule has once. */
enum part {
	PART_WHEN,
	PART_UNLESS,
	PART_SCOPE,
	PART_PRIORITY,
	PART_MODE,
	PART_ERROR,
	PART_REASON,
	NR_PARTS
};

static const char *const part_words[NR_PARTS] = { "when", "unless", "scope", "priority",
						  "mode", "error",  "reason" };

/* A rule that is being read. */
struct making {
	struct parser *parser;
	struct rules_def def;
	const struct clauses *clauses;
	unsigned int seen; /* bits of parts */
	char reason[LEX_WORD_MAX];
	struct lex reason_at; /* for messages */
};

/* ---- the action ---- */

static int read_hooks(struct making *making)
{
	struct lex *lex = &making->parser->lex;
	char list[HOOK_LIST_MAX], what[HOOK_LIST_MAX + 32];
	__u32 hook;
	int err = 0;

	do {
		hook = lex->kind == LEX_WORD ? value__hook(lex->word) : 0;
		if (!err && !hook) {
			snprintf(what, sizeof(what), "all, or some of %s",
				 value__hook_list(list, RULES_AT_ALL));
			return lex__expected(lex, what);
		}
		making->def.hooks |= hook;
		if (!err)
			err = lex__next(lex);
	} while (!err && lex__take(lex, ",", &err) && !err);
	making->parser->hooks = making->def.hooks;
	return err;
}

/* N/s or N/min */
static int read_rate(struct making *making)
{
	struct rules_rule *rule = &making->def.rule;
	struct lex *lex = &making->parser->lex;
	char number[LEX_WORD_MAX], why[PARSE_WHY_MAX];
	const char *slash = strchr(lex->word, '/');
	__u64 count, unit_ns = 1000000000;

	if (lex->kind != LEX_WORD || !slash || (strcmp(slash, "/s") && strcmp(slash, "/min")))
		return lex__expected(lex, "a rate like 1000/s or 60/min");
	if (!strcmp(slash, "/min"))
		unit_ns *= 60;
	snprintf(number, sizeof(number), "%.*s", (int)(slash - lex->word), lex->word);
	if (parse__count(number, 1, RATE_MAX, &count, why))
		return lex__fail(lex, "the rate: %s", why);
	rule->each_ns = unit_ns / count;
	rule->burst = count;
	return lex__next(lex);
}

static int read_burst(struct making *making)
{
	struct rules_rule *rule = &making->def.rule;
	struct lex *lex = &making->parser->lex;
	char why[PARSE_WHY_MAX];

	if (lex->kind != LEX_WORD)
		return lex__expected(lex, "a number");
	if (parse__count(lex->word, 1, 1ull << 40, &rule->burst, why))
		return lex__fail(lex, "burst: %s", why);
	if (rule->burst > BURST_TIME_MAX / rule->each_ns)
		return lex__fail(lex, "burst: '%s' is too large for this rate", lex->word);
	return lex__next(lex);
}

static int read_per(struct making *making)
{
	static const char *const words[RULES_NR_PER] = { "all",	 "context", "process",
							 "user", "cgroup",  "device" };
	struct lex *lex = &making->parser->lex;
	unsigned int i;
	int err = 0;

	for (i = 0; i < RULES_NR_PER; i++) {
		if (!lex__take(lex, words[i], &err))
			continue;
		making->def.rule.per = i;
		if (i == RULES_PER_DEVICE && making->def.hooks & ~RULES_AT_DEVICE)
			return lex__fail(lex, "a limit per device needs hooks that have a device");
		return err;
	}
	return lex__expected(lex, "all, context, process, user, cgroup or device");
}

static int read_limit(struct making *making)
{
	struct lex *lex = &making->parser->lex;
	int err;

	making->def.rule.action = RULES_LIMIT;
	making->def.rule.error = LIMIT_ERROR;
	making->def.rule.per = RULES_PER_ALL;
	err = read_hooks(making);
	if (!err && !lex__take(lex, "to", &err))
		return err ? err : lex__expected(lex, "to, with a rate like 1000/s");
	if (!err)
		err = read_rate(making);
	if (!err && lex__take(lex, "burst", &err) && !err)
		err = read_burst(making);
	if (!err && lex__take(lex, "per", &err) && !err)
		err = read_per(making);
	return err;
}

static int read_action(struct making *making)
{
	struct rules_rule *rule = &making->def.rule;
	struct lex *lex = &making->parser->lex;
	int err = 0;

	rule->error = DENY_ERROR;
	if (lex__take(lex, "limit", &err))
		return err ? err : read_limit(making);
	if (lex__take(lex, "allow", &err))
		rule->action = RULES_ALLOW;
	else if (lex__take(lex, "audit", &err))
		rule->is_audit = 1;
	else if (!lex__take(lex, "deny", &err))
		return err ? err : lex__expected(lex, "deny, allow, limit or audit");
	return err ? err : read_hooks(making);
}

/* ---- the parts ---- */

static int read_condition(struct making *making, bool negate)
{
	struct clause_maker *maker = &making->parser->maker;
	const struct clauses *condition;
	int err;

	err = condition__read(making->parser, &condition);
	if (err)
		return err;
	if (negate)
		condition = clauses__not(maker, condition);
	making->clauses = clauses__and(maker, making->clauses, condition);
	return making->clauses ? 0 : parser__no_clauses(making->parser);
}

static int read_scope(struct making *making)
{
	struct clause_maker *maker = &making->parser->maker;
	__u64 patterns;
	int err;

	err = test__read_cgroups(making->parser, &patterns);
	if (err)
		return err;
	making->def.scope = patterns;
	making->clauses = clauses__and(maker, making->clauses, clauses__cgroups(maker, patterns));
	return making->clauses ? 0 : parser__no_clauses(making->parser);
}

static int read_mode(struct making *making)
{
	bool audit;
	int err;

	if (making->def.rule.action == RULES_ALLOW)
		return lex__fail(&making->parser->lex, "a rule that allows has no mode");
	err = parser__mode(making->parser, &audit);
	making->def.rule.is_audit |= audit;
	return err;
}

static int read_error(struct making *making)
{
	struct lex *lex = &making->parser->lex;
	int number = lex->kind == LEX_WORD ? value__errno(lex->word) : 0;

	if (making->def.rule.action == RULES_ALLOW)
		return lex__fail(lex, "a rule that allows has no error");
	if (!number)
		return lex__expected(lex, "an error like EPERM or ENOMEM, or its number, 1 to 511");
	making->def.rule.error = number;
	return lex__next(lex);
}

static int read_reason(struct making *making)
{
	struct lex *lex = &making->parser->lex;

	if (lex->kind != LEX_STRING)
		return lex__expected(lex, "a text in quotes");
	strcpy(making->reason, lex->word);
	making->reason_at = *lex;
	return lex__next(lex);
}

static int read_part(struct making *making, enum part part)
{
	switch (part) {
	case PART_WHEN:
		return read_condition(making, false);
	case PART_UNLESS:
		return read_condition(making, true);
	case PART_SCOPE:
		return read_scope(making);
	case PART_PRIORITY:
		return parser__priority(making->parser, &making->def.priority);
	case PART_MODE:
		return read_mode(making);
	case PART_ERROR:
		return read_error(making);
	case PART_REASON:
		return read_reason(making);
	case NR_PARTS:
		break;
	}
	return -EINVAL;
}

static int read_parts(struct making *making)
{
	struct lex *lex = &making->parser->lex;
	unsigned int i = 0;
	int err = 0;

	while (!err && i < NR_PARTS) {
		for (i = 0; i < NR_PARTS; i++)
			if (lex__is(lex, part_words[i]))
				break;
		if (i == NR_PARTS)
			break;
		if (making->seen >> i & 1)
			return lex__fail(lex, "'%s' is given twice in rule '%s'", part_words[i],
					 making->def.name);
		making->seen |= 1u << i;
		err = lex__next(lex);
		if (!err)
			err = read_part(making, i);
	}
	return err;
}

/* ---- rules ---- */

static int read_name(struct making *making)
{
	const struct rules *rules = making->parser->rules;
	struct lex *lex = &making->parser->lex;
	unsigned int i;

	if (lex->kind != LEX_WORD || !parser__is_name(lex->word))
		return lex__expected(lex,
				     "the name of the rule: up to 31 letters, digits, -, _, .");
	for (i = 0; i < rules->nr; i++)
		if (!strcmp(rules->list[i].name, lex->word))
			return lex__fail(lex, "rule '%s' is in line %u already", lex->word,
					 rules->list[i].place.line);
	if (rules->nr == RULES_MAX)
		return lex__fail(lex, "more than %d rules; make two files of them", RULES_MAX);
	strcpy(making->def.name, lex->word);
	making->def.place = lex->place;
	making->def.order = rules->nr;
	return lex__next(lex);
}

static int add_rule(struct making *making, const char *begin)
{
	struct parser *parser = making->parser;
	struct rules *rules = parser->rules;
	struct rules_def *grown;
	struct lex at = parser->lex;
	int err;

	if (!making->clauses->nr)
		return rules__fail(rules->file, making->def.place,
				   "the condition of rule '%s' is never true", making->def.name);
	/* A message about the reason names its place. */
	if (making->seen >> PART_REASON & 1)
		parser->lex = making->reason_at;
	err = reason__make(parser, &making->def, making->reason);
	parser->lex = at;
	if (err)
		return err;
	grown = realloc(rules->list, (rules->nr + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	rules->list = grown;
	making->def.clauses = making->clauses;
	making->def.text = begin;
	making->def.size = parser->lex.before - begin;
	rules->list[rules->nr++] = making->def;
	return 0;
}

int statement__rule(struct parser *parser)
{
	const char *begin = parser->lex.word_at;
	struct making *making;
	int err;

	making = calloc(1, sizeof(*making));
	if (!making)
		return -ENOMEM;
	making->parser = parser;
	making->clauses = clauses__all(&parser->maker);
	err = making->clauses ? lex__next(&parser->lex) : -ENOMEM;
	if (!err)
		err = read_name(making);
	if (!err)
		err = read_action(making);
	if (!err)
		err = read_parts(making);
	if (!err)
		err = add_rule(making, begin);
	free(making);
	return err;
}
