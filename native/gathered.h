/*
 * Usual requests that have come on several connections are looked up side by side, as those of a
 * list are: while one waits for memory, the others go on, and the kernel's code and ours take turns
 * less often. A request that came alone waits for nothing but the end of the loop's turn.
 */
#ifndef GATHERED_H
#define GATHERED_H

#include "door.h"

/* Whether these bytes, at the first free place of the arena, are one usual request and nothing
 * else. It is answered by and by then, perhaps at once. */
bool gathered_add(Door *door, Connection *connection, Slice bytes);

/* Answers all of them, those that turned out to be unusual by way of JavaScript. */
void gathered_answer(Door *door);

#endif
