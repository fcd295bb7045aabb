// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pi DIGITS [NODE...]: digits of pi by the spigot of Rabinowitz and Wagon.
 *
 * With nodes (-1: the master) the program goes to one after the other while it
 * computes, an equal share of the digits at each place, the first share where it
 * was started. Digits go to stdout at the end; where they came from to stderr.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/bproc.h>
#include <sys/utsname.h>
#include <unistd.h>

struct spigot {
	long columns;
	long *a;
	int held; /* last digit but nines, which a carry may yet change; -1: none */
	long nines;
	char *digit;
	long n;
};

static void put(struct spigot *s, int digit)
{
	s->digit[s->n++] = (char)('0' + digit);
}

/* One more digit, put as soon as no carry can change it. */
static void turn(struct spigot *s)
{
	long i, q = 0, x, carry;

	for (i = s->columns; i > 0; i--) {
		x = 10 * s->a[i] + q * (i + 1);
		s->a[i] = x % (2 * i + 1);
		q = x / (2 * i + 1);
	}
	x = 10 * s->a[0] + q;
	s->a[0] = x % 10;
	q = x / 10;
	if (q == 9) {
		s->nines++;
		return;
	}
	carry = q == 10;
	if (s->held >= 0)
		put(s, s->held + (int)carry);
	while (s->nines) {
		put(s, carry ? 0 : 9);
		s->nines--;
	}
	s->held = carry ? 0 : (int)q;
}

static bool start(struct spigot *s, long digits)
{
	long i;

	s->columns = 10 * digits / 3 + 20;
	s->a = malloc((size_t)(s->columns + 1) * sizeof(*s->a));
	/* a run of nines may end behind the last digit that is wanted */
	s->digit = malloc((size_t)(digits + s->columns));
	if (!s->a || !s->digit)
		return false;
	for (i = 0; i <= s->columns; i++)
		s->a[i] = 2;
	s->held = -1;
	return true;
}

static void note(char *notes, size_t size, long from, long to)
{
	size_t len = strlen(notes);
	struct utsname name;

	if (uname(&name))
		strcpy(name.nodename, "?");
	snprintf(notes + len, size - len, "pi: digits %ld-%ld on %s\n", from, to,
		 name.nodename);
}

int main(int argc, char **argv)
{
	long digits = argc > 1 ? strtol(argv[1], NULL, 10) : 0, from, share;
	struct spigot s = { 0 };
	char notes[4096] = "";
	int leg, legs = argc - 1;

	if (digits < 1 || digits > 100000 || legs > 64) {
		fprintf(stderr, "Usage: pi DIGITS [NODE...]\n");
		return 2;
	}
	if (!start(&s, digits)) {
		perror("pi");
		return 1;
	}
	for (leg = 0; leg < legs; leg++) {
		if (leg && bproc_move(atoi(argv[1 + leg]))) {
			int err = errno;

			/* On a node there is nobody to tell: the status has to do. */
			fprintf(stderr, "pi: to node %s: %s\n", argv[1 + leg],
				bproc_strerror(err));
			return 3;
		}
		from = s.n;
		share = leg < legs - 1 ? digits * (leg + 1) / legs : digits;
		while (s.n < share)
			turn(&s);
		note(notes, sizeof(notes), from + 1, s.n < digits ? s.n : digits);
	}
	fputs(notes, stderr);
	printf("%c.%.*s\n", s.digit[0], (int)digits - 1, s.digit + 1);
	return 0;
}
