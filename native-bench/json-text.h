/*
 * Reads JSON where it stands, without building anything: the members of one object or the items of
 * one array, one after the other. Depth does not cost a stack. What is not JSON ends it, and
 * `is_broken` says so.
 */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include "slice.h"

typedef struct {
  const char *at;
  const char *end;
  bool is_broken;
} JsonObject, JsonArray;

/* `value` is the text as it stands: a string with its quotes, an object with its braces. */
typedef struct {
  Slice name;
  Slice value;
} JsonMember;

JsonObject json_object(Slice text);
bool json_next(JsonObject *object, JsonMember *member);

JsonArray json_array(Slice text);
/* `item` as the `value` of a member. */
bool json_next_item(JsonArray *array, Slice *item);

/* The value of the first member of that name; of size 0 when there is none. */
Slice json_find(Slice object, Slice name);

/*
 * The characters of a string that is given with its quotes. Without escapes they are where they
 * were; otherwise they are put into `room`, which must hold as many bytes as the string. False for
 * what is not a string.
 */
bool json_string(Slice value, char *room, Slice *characters);

#endif
