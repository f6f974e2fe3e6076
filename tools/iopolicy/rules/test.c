// SPDX-License-Identifier: GPL-2.0-only
/*
 * One test of a condition.
 *
 *	FIELD = VALUE, != < <= > >=	FIELD in SET, FIELD not in SET
 *	FLAG				cgroup [not] below PATHS
 *	range [not] within SET		bound DEVICES
 *	mapped KINDS
 *
 * A SET is a value, or several in braces; a value may be a range, FIRST..LAST.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "parse.h"
#include "rules/parser.h"

#define STRING_PART 8

int parser__no_clauses(const struct parser *parser)
{
	if (parser->maker.arena.is_full)
		return lex__fail(
			&parser->lex,
			"the condition has more than %d alternatives; make two rules of it",
			RULES_CLAUSES);
	return -ENOMEM;
}

/* Check that a test makes sense at all hooks of the rule. */
static int check_hooks(const struct parser *parser, const char *name, __u32 hooks)
{
	char wrong[HOOK_LIST_MAX], right[HOOK_LIST_MAX];

	if (!(parser->hooks & ~hooks))
		return 0;
	return lex__fail(&parser->lex, "'%s' cannot be tested at %s; it can at %s", name,
			 value__hook_list(wrong, parser->hooks & ~hooks),
			 value__hook_list(right, hooks));
}

/*
 * Read the values of a set, and give each word to add(). Return 0 or the first error, after a
 * message.
 */
static int read_set(struct parser *parser, const char *what,
		    int (*add)(struct parser *parser, void *arg), void *arg)
{
	struct lex *lex = &parser->lex;
	bool in_braces;
	int err = 0;

	in_braces = lex__take(lex, "{", &err);
	while (!err) {
		if (lex->kind != LEX_WORD && lex->kind != LEX_STRING)
			return lex__expected(lex, what);
		err = add(parser, arg);
		if (!err)
			err = lex__next(lex);
		if (err || !in_braces)
			return err;
		if (lex__take(lex, "}", &err))
			return err;
		if (!lex__take(lex, ",", &err))
			return err ? err : lex__expected(lex, ", or }");
	}
	return err;
}

/* ---- fields ---- */

struct values {
	enum rules_field field;
	enum rules_type type;
	const struct set *set; /* of all types but strings */
	const struct clauses *clauses; /* of strings */
};

/* The first 8 characters of a text that has length ones, as the kernel's code sees them. */
static __u64 string_part(const char *text, size_t length)
{
	__u64 part = 0;
	unsigned int i;

	for (i = 0; i < STRING_PART; i++)
		part = part << 8 | (i < length ? (unsigned char)text[i] : 0);
	return part;
}

/* A string is one value in each of its parts; after the * anything matches. */
static int add_string(struct parser *parser, struct values *values)
{
	const char *word = parser->lex.word;
	size_t length = strlen(word), most, left;
	bool is_prefix = length && word[length - 1] == '*';
	const struct clauses *all = clauses__all(&parser->maker), *part;
	unsigned int i, parts = values->field == RULES_COMM ? 2 : 4;
	__u64 first, last;

	length -= is_prefix;
	most = parts * STRING_PART - 1;
	if (length > most)
		return lex__fail(&parser->lex, "'%.40s' is longer than %zu characters", word, most);
	for (i = 0; i < parts && all; i++) {
		left = length > i * STRING_PART ? length - i * STRING_PART : 0;
		if (is_prefix && !left)
			break;
		first = string_part(word + (left ? i * STRING_PART : 0), left);
		last = first;
		if (is_prefix && left < STRING_PART)
			last |= ~0ull >> (left * 8);
		part = clauses__field(&parser->maker, values->field + i,
				      set__interval(&parser->maker.arena, first, last));
		all = clauses__and(&parser->maker, all, part);
	}
	values->clauses = values->clauses ? clauses__or(&parser->maker, values->clauses, all) : all;
	return values->clauses ? 0 : parser__no_clauses(parser);
}

static int add_value(struct parser *parser, void *arg)
{
	struct arena *arena = &parser->maker.arena;
	struct values *values = arg;
	char why[VALUE_WHY_MAX];
	const struct set *set;
	__u64 first, last;

	if (values->type == RULES_TYPE_STRING)
		return add_string(parser, values);
	if (value__read(values->type, parser->lex.word, &first, &last, why))
		return lex__fail(&parser->lex, "%s", why);
	set = set__interval(arena, first, last);
	if (set && values->set)
		set = set__union(arena, values->set, set);
	values->set = set;
	return set ? 0 : -ENOMEM;
}

static const char *type_text(enum rules_type type)
{
	static const char *const texts[] = {
		[RULES_TYPE_NUMBER] = "a number, or none",
		[RULES_TYPE_USER] = "a uid, or the name of a user",
		[RULES_TYPE_PCI_ID] = "a PCI id like 8086",
		[RULES_TYPE_SBDF] = "a PCI address like 0000:00:03.0",
		[RULES_TYPE_ADDRESS] = "an address like 0x1000",
		[RULES_TYPE_SIZE] = "a size like 4G",
		[RULES_TYPE_KIND] = "user, file or dmabuf",
		[RULES_TYPE_STRING] = "a name, which may end with *",
		[RULES_TYPE_BITS] = "a value",
	};

	return texts[type];
}

static bool has_order(enum rules_type type)
{
	return type == RULES_TYPE_NUMBER || type == RULES_TYPE_USER || type == RULES_TYPE_ADDRESS ||
	       type == RULES_TYPE_SIZE;
}

/* FIELD < VALUE and the like: the values on one side of it. */
static int read_comparison(struct parser *parser, struct values *values, const char *sign)
{
	bool is_less = sign[0] == '<', has_equal = sign[1] == '=';
	__u64 first = 0, last = ~0ull, value, also;
	struct lex *lex = &parser->lex;
	char why[VALUE_WHY_MAX];

	if (!has_order(values->type))
		return lex__fail(lex, "'%s' has no order; use =, !=, in or not in",
				 rules_fields[values->field].name);
	if (lex->kind != LEX_WORD)
		return lex__expected(lex, type_text(values->type));
	if (value__read(values->type, lex->word, &value, &also, why))
		return lex__fail(lex, "%s", why);
	if (also != value)
		return lex__fail(lex, "'%.60s' is a range; compare with one value, or use in",
				 lex->word);
	if (!has_equal && value == (is_less ? 0 : ~0ull))
		return lex__fail(lex, "no value is %s '%.60s'", is_less ? "below" : "above",
				 lex->word);
	if (is_less)
		last = value - !has_equal;
	else
		first = value + !has_equal;
	values->set = set__interval(&parser->maker.arena, first, last);
	return values->set ? lex__next(lex) : -ENOMEM;
}

/* Read the test after the name of a field. *negate is set for != and "not in". */
static int read_values(struct parser *parser, struct values *values, bool *negate)
{
	const char *what = type_text(values->type);
	static const char *const signs[] = { "<", "<=", ">", ">=" };
	struct lex *lex = &parser->lex;
	unsigned int i;
	int err = 0;

	for (i = 0; i < 4; i++)
		if (lex__take(lex, signs[i], &err))
			return err ? err : read_comparison(parser, values, signs[i]);
	*negate = lex__take(lex, "!=", &err);
	if (*negate || lex__take(lex, "=", &err) || lex__take(lex, "is", &err)) {
		if (!err && lex__is(lex, "{"))
			return lex__fail(lex, "found '{', expected %s; for several: %s in { ... }",
					 what, rules_fields[values->field].name);
		return err ? err : read_set(parser, what, add_value, values);
	}
	if (!err)
		*negate = lex__take(lex, "not", &err);
	if (!err && lex__take(lex, "in", &err))
		return err ? err : read_set(parser, what, add_value, values);
	if (err)
		return err;
	return lex__expected(lex, *negate ? "in" : "=, !=, <, <=, >, >=, in or not in");
}

static int read_field(struct parser *parser, enum rules_field field, const struct clauses **clauses)
{
	struct values values = { .field = field, .type = rules_fields[field].type };
	bool negate = false;
	int err;

	err = check_hooks(parser, rules_fields[field].name, rules_fields[field].hooks);
	if (!err)
		err = lex__next(&parser->lex);
	if (!err)
		err = read_values(parser, &values, &negate);
	if (err)
		return err;
	*clauses = values.clauses ? values.clauses :
				    clauses__field(&parser->maker, field, values.set);
	if (negate)
		*clauses = clauses__not(&parser->maker, *clauses);
	return *clauses ? 0 : parser__no_clauses(parser);
}

/* ---- flags ---- */

static int read_flag(struct parser *parser, const struct flag *flag, const struct clauses **clauses)
{
	struct arena *arena = &parser->maker.arena;
	unsigned int bits = flag->field == RULES_PROT ? 2 : RULES_FLAG_BITS;
	const struct set *set = NULL, *one;
	__u64 value;
	int err;

	err = check_hooks(parser, flag->name, flag->hooks);
	if (err)
		return err;
	for (value = 0; value < 1ull << bits; value++) {
		if (!(value & flag->bit))
			continue;
		one = set__interval(arena, value, value);
		set = set && one ? set__union(arena, set, one) : one;
		if (!set)
			return -ENOMEM;
	}
	*clauses = clauses__field(&parser->maker, flag->field, set);
	return *clauses ? lex__next(&parser->lex) : parser__no_clauses(parser);
}

/* ---- cgroups ---- */

struct cgroups {
	__u64 patterns;
	bool is_all;
};

static int add_cgroup(struct parser *parser, void *arg)
{
	char why[CGROUP_PATTERN_WHY_MAX];
	struct cgroups *cgroups = arg;
	__u64 bits;

	if (pattern__add(parser->rules, parser->lex.word, &bits, why))
		return lex__fail(&parser->lex, "%s", why);
	cgroups->patterns |= bits;
	cgroups->is_all |= !bits;
	return 0;
}

int test__read_cgroups(struct parser *parser, __u64 *patterns)
{
	struct cgroups cgroups = {};
	int err;

	err = read_set(parser, "a path of a cgroup like /machine.slice", add_cgroup, &cgroups);
	*patterns = cgroups.is_all ? 0 : cgroups.patterns;
	return err;
}

/* "not" before the verb of a test. */
static int read_verb(struct parser *parser, const char *verb, bool *negate)
{
	struct lex *lex = &parser->lex;
	char what[64];
	int err;

	err = lex__next(lex);
	if (!err)
		*negate = lex__take(lex, "not", &err);
	if (err || lex__take(lex, verb, &err))
		return err;
	snprintf(what, sizeof(what), *negate ? "%s" : "%s or not %s", verb, verb);
	return lex__expected(lex, what);
}

static int read_below(struct parser *parser, const struct clauses **clauses)
{
	bool negate;
	__u64 patterns;
	int err;

	err = read_verb(parser, "below", &negate);
	if (!err)
		err = test__read_cgroups(parser, &patterns);
	if (err)
		return err;
	*clauses = clauses__cgroups(&parser->maker, patterns);
	if (negate)
		*clauses = clauses__not(&parser->maker, *clauses);
	return *clauses ? 0 : parser__no_clauses(parser);
}

/* ---- ranges ---- */

/* All of the range lies in one of the windows; windows that touch are one. */
static int read_within(struct parser *parser, const struct clauses **clauses)
{
	struct values values = { .field = RULES_IOVA, .type = RULES_TYPE_ADDRESS };
	struct clause_maker *maker = &parser->maker;
	const struct clauses *all = NULL, *one;
	unsigned int i;
	bool negate;
	int err;

	err = check_hooks(parser, "range", RULES_AT_RANGE);
	if (!err)
		err = read_verb(parser, "within", &negate);
	if (!err)
		err = read_set(parser, "a range of addresses like 0x1000..0x1fff or 4G+1G",
			       add_value, &values);
	if (err)
		return err;
	for (i = 0; i < values.set->nr; i++) {
		__u64 first = values.set->list[i].first, last = values.set->list[i].last;

		one = clauses__and(maker,
				   clauses__field(maker, RULES_IOVA,
						  set__interval(&maker->arena, first, ~0ull)),
				   clauses__field(maker, RULES_LAST,
						  set__interval(&maker->arena, 0, last)));
		all = i ? clauses__or(maker, all, one) : one;
	}
	*clauses = negate ? clauses__not(maker, all) : all;
	return *clauses ? 0 : parser__no_clauses(parser);
}

/* ---- facts ---- */

static int add_fact(struct parser *parser, unsigned int fact, void *arg)
{
	const struct clauses **clauses = arg, *one = clauses__fact(&parser->maker, fact);

	*clauses = *clauses ? clauses__or(&parser->maker, *clauses, one) : one;
	return *clauses ? 0 : parser__no_clauses(parser);
}

static int add_bound(struct parser *parser, void *arg)
{
	struct rules *rules = parser->rules;
	char why[VALUE_WHY_MAX];
	struct rules_box box;
	unsigned int i;

	if (box__read(parser->lex.word, &box, why))
		return lex__fail(&parser->lex, "%s", why);
	for (i = 0; i < rules->nr_boxes; i++)
		if (!memcmp(&rules->box[i], &box, sizeof(box)))
			return add_fact(parser, i, arg);
	if (i == RULES_BOXES)
		return lex__fail(&parser->lex, "the file tests more than %d kinds of bound devices",
				 RULES_BOXES);
	rules->box[rules->nr_boxes++] = box;
	return add_fact(parser, i, arg);
}

static int add_mapped(struct parser *parser, void *arg)
{
	const char *word = parser->lex.word;
	unsigned int i;

	if (!strcmp(word, "writable"))
		return add_fact(parser, RULES_FACT_WRITE, arg);
	for (i = IOMMUFD_MEMORY_USER; i <= IOMMUFD_MEMORY_DMABUF; i++)
		if (!strcmp(word, value__kind_name(i)))
			return add_fact(parser, RULES_FACT_KIND(i), arg);
	return lex__expected(&parser->lex, "user, file, dmabuf or writable");
}

/* ---- all tests ---- */

int test__read(struct parser *parser, const struct clauses **clauses)
{
	struct lex *lex = &parser->lex;
	enum rules_field field = value__field(lex->word);
	const struct flag *flag = value__flag(lex->word);
	int err = 0;

	*clauses = NULL;
	if (lex->kind != LEX_WORD)
		return lex__expected(lex, "a test like 'uid = 1000', not, or (");
	if (field != RULES_NR_FIELDS)
		return read_field(parser, field, clauses);
	if (flag)
		return read_flag(parser, flag, clauses);
	if (lex__is(lex, "cgroup"))
		return read_below(parser, clauses);
	if (lex__is(lex, "range"))
		return read_within(parser, clauses);
	if (lex__is(lex, "bound")) {
		err = check_hooks(parser, "bound", RULES_AT_ANY_SLEEP);
		if (!err)
			err = lex__next(lex);
		return err ? err :
			     read_set(parser, "a PCI vendor, vendor:product or address", add_bound,
				      clauses);
	}
	if (lex__is(lex, "mapped")) {
		err = check_hooks(parser, "mapped", RULES_AT_TABLE);
		if (!err)
			err = lex__next(lex);
		return err ? err :
			     read_set(parser, "user, file, dmabuf or writable", add_mapped,
				      clauses);
	}
	return lex__fail(lex, "'%.40s' is not a field, flag or test; iopolicy-rules(5) lists them",
			 lex->word);
}
