/* The usual verification in the usual request, answered by the engine. */
#ifndef QUICK_ANSWER_H
#define QUICK_ANSWER_H

#include "door.h"

/* Whether the request was answered: the answer lies in `out` then, and the connection knows whether
 * it was its last. Nothing has happened otherwise. */
bool quick_answer(Door *door, Connection *connection, const HttpHead *head);

#endif
