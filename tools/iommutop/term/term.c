// SPDX-License-Identifier: GPL-2.0-only
/*
 * Start and end of the terminal, and its input; see term.h. draw.c has the output.
 *
 * The terminal is restored however the process ends. term__stop() uses curses. After a crash curses
 * must not be called, so term__start() saves the settings and the restoring sequence, and the
 * signal handler uses only tcsetattr() and write(), which are async-signal-safe. Then it lets the
 * signal take its default action.
 *
 * Handlers only note SIGINT, SIGTERM and SIGHUP; a second one ends the process at once, like a
 * crash. SIGTSTP and SIGCONT are noted, too, and term__wait() acts on them. It blocks all these
 * signals between checking the notes and ppoll(), so that none is missed.
 */
#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "clock.h"
#include "term/draw.h"
#include "term/term.h"

static const int crash_signals[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGQUIT };
static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };
static const int job_signals[] = { SIGTSTP, SIGCONT };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct {
	SCREEN *screen;
	bool is_hung_up;
	struct sigaction old_crash[COUNT(crash_signals)];
	struct sigaction old_ending[COUNT(ending_signals)];
	struct sigaction old_job[COUNT(job_signals)];
	stack_t old_stack;
	void *stack;
} term;

/* Used by signal handlers, so set before they are installed. */
static struct termios saved_settings;
static char restore_text[512];
static size_t restore_size;

static volatile sig_atomic_t ending, stopping, continued;

/* ---- crash ---- */

static int put_restore(int c)
{
	if (restore_size < sizeof(restore_text))
		restore_text[restore_size++] = c;
	return c;
}

static void add_restore(const char *name)
{
	const char *text = tigetstr((char *)name);

	if (text && text != (char *)-1)
		tputs(text, 1, put_restore);
}

/* Collect the sequences that undo those of curses: attributes, cursor, keypad, mouse, screen. */
static void prepare_restore(void)
{
	const char *mouse = tigetstr("XM");

	restore_size = 0;
	if (mouse && mouse != (char *)-1)
		tputs(tparm((char *)mouse, 0L, 0L, 0L, 0L, 0L, 0L, 0L, 0L, 0L), 1, put_restore);
	else if (key_mouse)
		tputs("\033[?1006;1000l", 1, put_restore);
	add_restore("sgr0");
	add_restore("op");
	add_restore("cnorm");
	add_restore("rmkx");
	add_restore("rmcup");
}

/* Async-signal-safe. */
static void restore_terminal(void)
{
	ssize_t written = write(STDOUT_FILENO, restore_text, restore_size);

	(void)written;
	tcsetattr(STDIN_FILENO, TCSANOW, &saved_settings);
}

static void die_of(int number)
{
	signal(number, SIG_DFL);
	raise(number);
}

static void on_crash(int number)
{
	int err = errno;

	restore_terminal();
	die_of(number); /* blocked until the handler returns */
	errno = err;
}

static void on_ending(int number)
{
	unsigned int i;

	if (ending++) {
		restore_terminal();
		die_of(number);
		return;
	}
	/* Call the handler that was there before: process__signalled() depends on it. */
	for (i = 0; i < COUNT(ending_signals); i++) {
		if (ending_signals[i] == number && term.old_ending[i].sa_handler != SIG_DFL &&
		    term.old_ending[i].sa_handler != SIG_IGN)
			term.old_ending[i].sa_handler(number);
	}
}

static void on_job(int number)
{
	if (number == SIGTSTP)
		stopping = 1;
	else
		continued = 1;
}

/* Call before newterm(), which installs handlers of its own. */
static void remember_signals(void)
{
	unsigned int i;

	for (i = 0; i < COUNT(crash_signals); i++)
		sigaction(crash_signals[i], NULL, &term.old_crash[i]);
	for (i = 0; i < COUNT(ending_signals); i++)
		sigaction(ending_signals[i], NULL, &term.old_ending[i]);
	for (i = 0; i < COUNT(job_signals); i++)
		sigaction(job_signals[i], NULL, &term.old_job[i]);
}

static void watch_signals(void)
{
	struct sigaction crash = { .sa_handler = on_crash, .sa_flags = SA_ONSTACK };
	struct sigaction end = { .sa_handler = on_ending, .sa_flags = SA_RESTART };
	struct sigaction job = { .sa_handler = on_job, .sa_flags = SA_RESTART };
	stack_t stack = { .ss_size = 65536 };
	unsigned int i;

	/* An alternate stack, because a stack overflow is a crash, too. */
	term.stack = stack.ss_sp = malloc(stack.ss_size);
	if (!stack.ss_sp || sigaltstack(&stack, &term.old_stack))
		crash.sa_flags = 0;
	for (i = 0; i < COUNT(crash_signals); i++)
		sigaction(crash_signals[i], &crash, NULL);
	for (i = 0; i < COUNT(ending_signals); i++) {
		/* nohup ignores SIGHUP; keep that. */
		if (ending_signals[i] != SIGHUP || term.old_ending[i].sa_handler != SIG_IGN)
			sigaction(ending_signals[i], &end, NULL);
	}
	for (i = 0; i < COUNT(job_signals); i++)
		sigaction(job_signals[i], &job, NULL);
}

static void unwatch_signals(void)
{
	unsigned int i;

	for (i = 0; i < COUNT(job_signals); i++)
		sigaction(job_signals[i], &term.old_job[i], NULL);
	for (i = 0; i < COUNT(ending_signals); i++)
		sigaction(ending_signals[i], &term.old_ending[i], NULL);
	for (i = 0; i < COUNT(crash_signals); i++)
		sigaction(crash_signals[i], &term.old_crash[i], NULL);
	if (term.stack)
		sigaltstack(&term.old_stack, NULL);
	free(term.stack);
	term.stack = NULL;
}

/* ---- start and end ---- */

/* Check before newterm(), because its errors have no reason. */
static int check_terminal(char *why)
{
	const char *name = getenv("TERM"), *move;
	int found;

	if (!isatty(STDIN_FILENO)) {
		snprintf(why, TERM_WHY_MAX, "stdin is not a terminal, so there are no keys");
		return -ENOTTY;
	}
	if (!name || !*name) {
		snprintf(why, TERM_WHY_MAX, "TERM is not set; set it to the name of this terminal");
		return -ENOTTY;
	}
	if (setupterm(name, STDOUT_FILENO, &found) == ERR) {
		snprintf(why, TERM_WHY_MAX,
			 "terminal '%.40s' (TERM) is unknown; install ncurses-term, or set TERM to "
			 "a similar terminal such as xterm",
			 name);
		return -ENOTTY;
	}
	move = tigetstr("cup");
	if (!move || move == (char *)-1 || tigetflag("hc") > 0) {
		snprintf(why, TERM_WHY_MAX, "terminal '%.40s' (TERM) cannot move its cursor", name);
		return -ENOTTY;
	}
	return 0;
}

int term__start(bool ascii, bool no_colour, char *why)
{
	int err;

	err = check_terminal(why);
	if (err)
		return err;
	if (tcgetattr(STDIN_FILENO, &saved_settings)) {
		err = -errno;
		snprintf(why, TERM_WHY_MAX, "cannot read the settings of the terminal: %s",
			 strerror(-err));
		return -ENOTTY;
	}
	remember_signals();
	term.screen = newterm(NULL, stdout, stdin);
	if (!term.screen) {
		snprintf(why, TERM_WHY_MAX, "curses cannot start the terminal");
		return -ENOTTY;
	}
	ending = stopping = continued = 0;
	term.is_hung_up = false;
	prepare_restore();
	watch_signals();
	cbreak();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	mouseinterval(0);
	mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	draw__start(ascii, no_colour);
	return 0;
}

void term__stop(void)
{
	if (!term.screen)
		return;
	curs_set(1);
	endwin();
	unwatch_signals();
	delscreen(term.screen);
	term.screen = NULL;
}

/* ---- input ---- */

static void update_size(void)
{
	struct winsize size;

	/* resizeterm() queues KEY_RESIZE. */
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col &&
	    (size.ws_row != LINES || size.ws_col != COLS))
		resizeterm(size.ws_row, size.ws_col);
}

static void stop_until_continued(void)
{
	struct sigaction job = { .sa_handler = on_job, .sa_flags = SA_RESTART };

	stopping = 0;
	endwin();
	signal(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &job, NULL);
	continued = 1;
}

static void resume(void)
{
	continued = 0;
	reset_prog_mode();
	update_size();
	term__redraw();
}

static void mask_signals(sigset_t *old)
{
	sigset_t set;
	unsigned int i;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	for (i = 0; i < COUNT(ending_signals); i++)
		sigaddset(&set, ending_signals[i]);
	for (i = 0; i < COUNT(job_signals); i++)
		sigaddset(&set, job_signals[i]);
	sigprocmask(SIG_BLOCK, &set, old);
}

void term__wait(__u64 timeout_ns)
{
	struct timespec timeout = { timeout_ns / NS_PER_SEC, timeout_ns % NS_PER_SEC };
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	sigset_t old;

	mask_signals(&old);
	if (!ending && !stopping && !continued && ppoll(&input, 1, &timeout, &old) > 0 &&
	    !(input.revents & POLLIN))
		term.is_hung_up = true;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (stopping)
		stop_until_continued();
	if (continued)
		resume();
}

bool term__hung_up(void)
{
	return term.is_hung_up;
}

bool term__ended(void)
{
	return ending;
}

int term__key(void)
{
	wint_t key;
	int got = get_wch(&key);

	if (got == ERR)
		return TERM_NO_KEY;
	return got == OK && key >= 0x100 ? (int)key | TERM_CHARACTER : (int)key;
}

int term__mouse(struct term_mouse *mouse)
{
	MEVENT event;

	if (getmouse(&event) == ERR)
		return -ENOENT;
	mouse->y = event.y;
	mouse->x = event.x;
	if (event.bstate & BUTTON1_PRESSED)
		mouse->kind = MOUSE_PRESS;
	else if (event.bstate & BUTTON4_PRESSED)
		mouse->kind = MOUSE_WHEEL_UP;
	else if (event.bstate & BUTTON5_PRESSED)
		mouse->kind = MOUSE_WHEEL_DOWN;
	else
		return -ENOENT;
	return 0;
}
