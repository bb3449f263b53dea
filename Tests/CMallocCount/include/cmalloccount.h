#pragma once

/* How many blocks this thread has asked the allocator for; -1 where it cannot be counted. */
long cmalloc_count(void);
