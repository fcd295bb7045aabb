// SPDX-License-Identifier: GPL-2.0-only
/* The number of a vector call's child, in its environment. */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "rank.h"

#define ENTRY "BPROC_RANK=XXXXXXX"
#define DIGITS 7
#define RANK_MAX 9999999

/*
 * Find the entry in what was the environment when the program began: whole strings, each
 * with its NUL. Return: its address, or 0.
 */
static unsigned long find_entry(unsigned long start, unsigned long end, char *buf)
{
	bool whole = true;
	size_t len, have;
	char *p;

	while (start < end && !fatal_signal_pending(current)) {
		len = min_t(size_t, end - start, PAGE_SIZE);
		have = len - copy_from_user(buf, (void __user *)start, len);
		for (p = buf; p < buf + have; p += len) {
			len = strnlen(p, buf + have - p);
			if (len == (size_t)(buf + have - p))
				break;
			if (++len == sizeof(ENTRY) && whole && !memcmp(p, ENTRY, len))
				return start + (p - buf);
			whole = true;
		}
		/* A string that fills the buffer is not the one, nor is its rest. */
		whole = p != buf;
		start += whole ? p - buf : have;
		if (have < sizeof(ENTRY))
			break;
		cond_resched();
	}
	return 0;
}

/**
 * bproc_rank_set - write the caller's number to where its environment asks for it
 * @rank: the number
 */
void bproc_rank_set(u32 rank)
{
	struct mm_struct *mm = current->mm;
	unsigned long start, end, entry;
	char digits[DIGITS + 1];
	char *buf;

	if (rank > RANK_MAX)
		return;
	buf = (char *)__get_free_page(GFP_KERNEL);
	if (!buf)
		return;
	spin_lock(&mm->arg_lock);
	start = mm->env_start;
	end = mm->env_end;
	spin_unlock(&mm->arg_lock);
	entry = find_entry(start, end, buf);
	if (entry) {
		snprintf(digits, sizeof(digits), "%07u", rank);
		/* If the program has made it read-only it does not want it. */
		if (copy_to_user((void __user *)(entry + sizeof(ENTRY) - 1 - DIGITS), digits,
				 DIGITS))
			pr_debug("BPROC_RANK cannot be written\n");
	}
	free_page((unsigned long)buf);
}
