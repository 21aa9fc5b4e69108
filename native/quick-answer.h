/* The usual verification in the usual request, as the engine takes it: in three steps. */
#ifndef QUICK_ANSWER_H
#define QUICK_ANSWER_H

#include "door.h"

/* Whether the request is a usual one. Its bytes have to stay until it is answered. */
bool quick_begin(Door *door, const HttpHead *head, Verification *verification);

/* What was looked up is answered, which is the last answer if `is_last`: whether it was. The answer
 * lies in `out` then, and the connection knows whether it was its last. Nothing has happened
 * otherwise. */
bool quick_answer(Door *door, Connection *connection, Verification *verification, bool is_last);

/* All three. */
bool quick_answer_now(Door *door, Connection *connection, const HttpHead *head);

#endif
