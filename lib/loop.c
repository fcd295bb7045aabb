// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stddef.h>
#include "loop.h"

/*
 * Events that make themselves active again would keep libevent from looking at any other:
 * after each of low priority it is to look.
 */
struct event_base *loop_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config && !event_config_set_max_dispatch_interval(config, NULL, 1, LOOP_BULK))
		base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	if (base && event_base_priority_init(base, LOOP_PRIORITIES)) {
		event_base_free(base);
		base = NULL;
	}
	return base;
}
