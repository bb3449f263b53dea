#pragma once

/* How many blocks this thread has asked the allocator for; -1 where it cannot be counted. */
long cmalloc_count(void);
/* Bytes that this thread has asked for in all, and those of them that it has not freed, with what the
 * allocator rounds up;
   -1 where they cannot be counted. */
long cmalloc_asked(void);
long cmalloc_held(void);
