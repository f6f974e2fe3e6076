// SPDX-License-Identifier: GPL-2.0-only
/* Moments on the command line, see when.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "when.h"

/* The end of the year 2199: times of recordings are below. */
#define LAST_SECOND 7258118399LL

/* The rest of the text. Each parser below advances it, and returns false without a match. */
struct cursor {
	const char *at;
};

static bool take_char(struct cursor *cursor, char c)
{
	if (*cursor->at != c)
		return false;
	cursor->at++;
	return true;
}

static bool take_word(struct cursor *cursor, const char *word)
{
	size_t size = strlen(word);

	if (strncmp(cursor->at, word, size))
		return false;
	cursor->at += size;
	return true;
}

/* Take between least and most digits. */
static bool take_number(struct cursor *cursor, int least, int most, long *number)
{
	int i;

	*number = 0;
	for (i = 0; i < most && *cursor->at >= '0' && *cursor->at <= '9'; i++)
		*number = *number * 10 + *cursor->at++ - '0';
	return i >= least;
}

/* Take ".5" and so on, as nanoseconds; nothing is 0. */
static bool take_fraction(struct cursor *cursor, __u64 *ns)
{
	__u64 unit = NS_PER_SEC;
	long digit;

	*ns = 0;
	if (!take_char(cursor, '.'))
		return true;
	if (*cursor->at < '0' || *cursor->at > '9')
		return false;
	while (take_number(cursor, 1, 1, &digit)) {
		unit /= 10;
		*ns += digit * unit;
	}
	return true;
}

/* Take a time of day: hours and minutes, and perhaps seconds. */
static bool take_time(struct cursor *cursor, struct tm *tm, __u64 *ns)
{
	long hours, minutes, seconds = 0;

	*ns = 0;
	if (!take_number(cursor, 1, 2, &hours) || !take_char(cursor, ':') ||
	    !take_number(cursor, 2, 2, &minutes))
		return false;
	if (take_char(cursor, ':') &&
	    (!take_number(cursor, 2, 2, &seconds) || !take_fraction(cursor, ns)))
		return false;
	tm->tm_hour = hours;
	tm->tm_min = minutes;
	tm->tm_sec = seconds;
	return hours < 24 && minutes < 60 && seconds < 61;
}

static bool take_date(struct cursor *cursor, struct tm *tm)
{
	long year, month, day;

	if (!take_number(cursor, 4, 4, &year) || !take_char(cursor, '-') ||
	    !take_number(cursor, 2, 2, &month) || !take_char(cursor, '-') ||
	    !take_number(cursor, 2, 2, &day))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* Parse a zone, "Z" or "+01:00", into its offset from UTC. *is_given: there is one. */
static bool take_zone(struct cursor *cursor, bool *is_given, long *seconds)
{
	bool is_west = *cursor->at == '-';
	long hours, minutes;

	*seconds = 0;
	*is_given = true;
	if (take_char(cursor, 'Z') || take_char(cursor, 'z'))
		return true;
	*is_given = is_west || *cursor->at == '+';
	if (!*is_given)
		return true;
	cursor->at++;
	if (!take_number(cursor, 2, 2, &hours))
		return false;
	take_char(cursor, ':');
	if (!take_number(cursor, 2, 2, &minutes) || hours > 14 || minutes > 59)
		return false;
	*seconds = (hours * 60 + minutes) * 60 * (is_west ? -1 : 1);
	return true;
}

static bool finish(const struct cursor *cursor, time_t seconds, __u64 ns, __u64 *time_ns)
{
	if (*cursor->at || seconds < 0 || seconds > LAST_SECOND)
		return false;
	*time_ns = seconds * NS_PER_SEC + ns;
	return true;
}

static bool parse_date(struct cursor cursor, __u64 *time_ns)
{
	struct tm tm = { .tm_isdst = -1 };
	long east = 0, day;
	bool has_zone = false;
	time_t seconds;
	__u64 ns = 0;

	if (!take_date(&cursor, &tm))
		return false;
	day = tm.tm_mday;
	if ((take_char(&cursor, 'T') || take_char(&cursor, ' ')) &&
	    (!take_time(&cursor, &tm, &ns) || !take_zone(&cursor, &has_zone, &east)))
		return false;
	seconds = has_zone ? timegm(&tm) - east : mktime(&tm);
	/* Days like February 30 are another day by then. */
	return tm.tm_mday == day && finish(&cursor, seconds, ns, time_ns);
}

/* Parse a time of day on a day before now, or the last one before now. */
static bool parse_time(struct cursor cursor, __u64 now_ns, __u64 *time_ns)
{
	time_t now = now_ns / NS_PER_SEC, seconds;
	bool is_today, is_yesterday;
	struct tm tm, day;
	__u64 ns = 0;

	is_today = take_word(&cursor, "today");
	is_yesterday = !is_today && take_word(&cursor, "yesterday");
	localtime_r(&now, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	if (is_today || is_yesterday) {
		if (*cursor.at && !take_char(&cursor, ' '))
			return false;
		if (*cursor.at && !take_time(&cursor, &tm, &ns))
			return false;
	} else if (!take_time(&cursor, &tm, &ns)) {
		return false;
	}
	tm.tm_isdst = -1;
	tm.tm_mday -= is_yesterday;
	day = tm;
	seconds = mktime(&day);
	if (!is_today && !is_yesterday && seconds > now) {
		tm.tm_mday--;
		seconds = mktime(&tm);
	}
	return finish(&cursor, seconds, ns, time_ns);
}

static bool parse_epoch(struct cursor cursor, __u64 *time_ns)
{
	long seconds;
	__u64 ns;

	return take_char(&cursor, '@') && take_number(&cursor, 1, 10, &seconds) &&
	       take_fraction(&cursor, &ns) && finish(&cursor, seconds, ns, time_ns);
}

int when__parse(const char *text, __u64 now_ns, __u64 *time_ns, char *why)
{
	const struct cursor cursor = { text };
	__u64 ago;

	if (!strcmp(text, "now")) {
		*time_ns = now_ns;
		return 0;
	}
	if (*text == '-') {
		if (parse__seconds(text + 1, 0, now_ns, &ago, why))
			return -EINVAL;
		*time_ns = now_ns - ago;
		return 0;
	}
	if (parse_epoch(cursor, time_ns) || parse_date(cursor, time_ns) ||
	    parse_time(cursor, now_ns, time_ns))
		return 0;
	snprintf(why, PARSE_WHY_MAX,
		 "'%.40s' is not a moment; write 3:00, \"yesterday 3:00\", 2026-11-29T03:00, -2h, "
		 "@SECONDS",
		 text);
	return -EINVAL;
}

char *when__text(char text[WHEN_MAX], __u64 time_ns)
{
	time_t seconds = time_ns / NS_PER_SEC;
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(text, WHEN_MAX, "%Y-%m-%d %H:%M:%S", &tm))
		strcpy(text, "?");
	return text;
}
