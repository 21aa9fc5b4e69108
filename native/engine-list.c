#include "answer-json.h"
#include "deciding.h"
#include "inquiry.h"

/* Questions of a list that are looked up side by side. 8 of them take 2 % more time. */
enum { GROUP_MAX = 16 };
typedef struct {
  int count;
  int count_max;
  Question questions[GROUP_MAX];
  /* Where in the body each ends. */
  const char *ends[GROUP_MAX];
  Search searches[GROUP_MAX];
  /* Why the one behind them was not looked up; 0 when there is none. */
  int refusal;
} Group;

static void read_group(const Engine *engine, const char *at, const char *end, Group *group) {
  group->count = 0;
  group->refusal = 0;
  while (at < end && group->count < group->count_max && group->refusal == 0) {
    Question *question = &group->questions[group->count];
    const char *behind = question_read(at, end, &engine->bounds, question);
    if (behind == NULL) {
      group->refusal = UNUSUAL;
      return;
    }
    group->ends[group->count] = behind;
    group->count += 1;
    /* Behind the comma, or the bracket that ends the list. */
    at = behind + 1;
  }
}

/* A list of answers that is being written. */
typedef struct {
  const Asked *asked;
  int root_key;
  Room room;
} Answers;

static void look_up_group(Engine *engine, const Answers *answers, Group *group) {
  Search *searches[GROUP_MAX];
  for (int index = 0; index < group->count; index += 1) {
    searches[index] = &group->searches[index];
    search_begin(engine, &group->questions[index], answers->root_key, answers->asked->now_ms,
                 searches[index]);
  }
  look_up_together(engine, searches, group->count);
  for (int index = 0; index < group->count; index += 1) {
    const Inquiry *inquiry = &searches[index]->inquiry;
    if (inquiry->refusal == 0) continue;
    /* What is behind it has to wait. */
    group->count = index;
    group->refusal = tell_refusal(engine, inquiry);
  }
}

/* The answer to one question of a list, or why there is none. */
static int answer_next(Engine *engine, Verdict *verdict, uint32_t latency_us, Answers *answers) {
  const Asked *asked = answers->asked;
  Room *room = &answers->room;
  int refusal = decide(engine, *room, verdict);
  if (refusal != 0) return refusal;
  memcpy(verdict->request_id, asked->request_id, REQUEST_ID_BYTES);
  record(engine, verdict, &no_original, latency_us);
  if (room->to > engine->out) *room->to++ = ',';
  room->to = answer_put(room->to, verdict);
  return engine->status[STATUS_EVENT_BYTES] == 0 ? 0 : EVENT_WAITS;
}

size_t engine_verify_many(Engine *engine, Slice body, size_t body_at, const Asked *asked) {
  const char *end = body.at + body.size;
  const char *at = body.at + (body_at == 0 ? 1 : body_at);
  Room room = {engine->out, engine->out + engine->out_size};
  int root_key = find_root_key(engine, asked->authorization, asked->now_ms);
  Answers answers = {asked, root_key, room};
  int refusal = root_key < 0 ? root_key : 0;
  engine->status[STATUS_EVENT_BYTES] = 0;
  Group group;
  /* As long as no segment takes events, the others would be looked up in vain. */
  group.count_max = engine->status[STATUS_REFUSAL] == EVENT_WAITS ? 1 : GROUP_MAX;
  while (refusal == 0 && at < end) {
    read_group(engine, at, end, &group);
    look_up_group(engine, &answers, &group);
    /* They are as good as decided, and to ask the clock for each takes 3 % of its time. */
    uint32_t latency_us = latency_us_since(asked->started_at_ns);
    for (int index = 0; index < group.count && refusal == 0; index += 1) {
      refusal = answer_next(engine, &group.searches[index].verdict, latency_us, &answers);
      if (refusal == 0 || refusal == EVENT_WAITS) at = group.ends[index] + 1;
    }
    if (refusal == 0) refusal = group.refusal;
    group.count_max = GROUP_MAX;
  }
  engine->status[STATUS_BODY_AT] = (int32_t)(at - body.at);
  engine->status[STATUS_REFUSAL] = refusal;
  return (size_t)(answers.room.to - engine->out);
}
