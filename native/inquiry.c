#include "inquiry.h"

#include "sha256.h"

/* Of a record: most are shorter. */
enum { FETCHED_BYTES_MAX = 256 };

/* Whether the state of the replica that its roots belong to is still the newest. */
static bool is_fresh(const Engine *engine) {
  if (engine->replica.bytes == NULL) return false;
  return __atomic_load_n(engine->generation, __ATOMIC_ACQUIRE) == engine->generation_seen;
}

/* Refuses because of a text. */
static int ask_for(Inquiry *inquiry, Refusal refusal, Slice text) {
  inquiry->unknown = text;
  return refusal;
}

/* A whole number that a double holds exactly. */
static bool is_count(double number) {
  return number >= 0 && number <= 0x1p53 && (double)(uint64_t)number == number;
}

/* Without a replica there is no way either. */
static void set_out(const Engine *engine, uint64_t root, Way *way) {
  way->walk = tree_walk_from(engine->replica.bytes == NULL ? NO_TREE : root);
}

static void set_out_to_key(const Engine *engine, Slice key, Way *way) {
  sha256_of(key, (unsigned char *)way->key);
  way->size = SHA256_BYTES;
  set_out(engine, engine->keys_root, way);
}

/* The key, as far as its record alone tells. Sets NOT_FOUND, or leaves VALID. */
static int find_key(const Engine *engine, Inquiry *inquiry, Verdict *verdict) {
  Numbers *numbers = &inquiry->numbers;
  verdict->outcome = NOT_FOUND;
  if (!inquiry->way.is_found) return 0;
  if (!key_record_read(inquiry->way.record, &verdict->key)) return UNUSUAL;
  if (!is_count(verdict->key.expires_at_ms)) return UNUSUAL;
  const Learned *learned = &engine->learned;
  numbers->traits = text_table_find(&learned->traits_numbers, verdict->key.traits);
  if (numbers->traits < 0) return ask_for(inquiry, UNKNOWN_TRAITS, verdict->key.traits);
  const LearnedTraits *traits = verdict->traits = &learned->traits[numbers->traits];
  if (traits->is_unusual) return UNUSUAL;
  if (!slice_equals(traits->workspace_id, verdict->root_key->workspace_id)) return 0;
  int visible = pair_table_find(&learned->visible, numbers->root_key, numbers->traits);
  if (visible == PAIR_UNKNOWN) return UNKNOWN_VISIBILITY;
  if (visible) verdict->outcome = VALID;
  return 0;
}

static bool ends_with(Slice text, Slice end) {
  return text.size >= end.size && memcmp(text.at + text.size - end.size, end.at, end.size) == 0;
}

/* A key without an identity has nowhere to go. */
static int set_out_to_identity(const Engine *engine, const Verdict *verdict, Way *way) {
  Slice id = verdict->key.identity_id;
  set_out(engine, id.size == 0 ? NO_TREE : engine->identities_root, way);
  if (id.size == 0) return 0;
  way->size = identity_key(id, way->key, sizeof way->key);
  return way->size == 0 ? UNUSUAL : 0;
}

/* The identity, if it is there. One with limits of its own is not usual. */
static int find_identity(const Way *way, Verdict *verdict) {
  verdict->has_identity = false;
  if (!way->is_found) return 0;
  if (!identity_record_read(way->record, &verdict->identity)) return UNUSUAL;
  if (!ends_with(verdict->identity.traits, SLICE(",[]]"))) return UNUSUAL;
  verdict->has_identity = true;
  return 0;
}

/* The checks that need nothing but the record and the clock, in their order. */
static int check(const Engine *engine, Inquiry *inquiry, Verdict *verdict) {
  const KeyRecord *key = &verdict->key;
  Slice permissions = inquiry->question.permissions;
  int satisfied = 1;
  if (permissions.size > 0) {
    const Learned *learned = &engine->learned;
    int query = text_table_find(&learned->query_numbers, permissions);
    satisfied = query < 0 ? PAIR_UNKNOWN
                          : pair_table_find(&learned->satisfied, inquiry->numbers.traits, query);
    if (satisfied == PAIR_UNKNOWN) return ask_for(inquiry, UNKNOWN_QUERY, permissions);
  }
  if (!key->is_enabled) {
    verdict->outcome = DISABLED;
  } else if (key->expires_at_ms != 0 && verdict->now_ms > key->expires_at_ms) {
    verdict->outcome = EXPIRED;
  } else if (!satisfied) {
    verdict->outcome = INSUFFICIENT_PERMISSIONS;
  }
  return 0;
}

WindowRequest limit_request(const Verdict *verdict, int index) {
  const LearnedLimit *limit = &verdict->traits->limits[index];
  return (WindowRequest){
      .of = &limit->window,
      .identifier = verdict->key.key_id,
      .limit = limit->limit,
      .cost = 1,
  };
}

static bool has_counter(const Verdict *verdict) {
  return verdict->outcome != NOT_FOUND && verdict->traits->limit_count == 1;
}

/* As soon as the key is known: its counter is fetched while the rest is looked up. */
static void aim_limit(Engine *engine, Verdict *verdict) {
  if (!has_counter(verdict)) return;
  WindowRequest request = limit_request(verdict, 0);
  windows_aim(&engine->windows, &request, &verdict->counter);
}

void search_begin(const Engine *engine, const Question *question, int root_key, double now_ms,
                  Search *search) {
  Inquiry *inquiry = &search->inquiry;
  Verdict *verdict = &search->verdict;
  inquiry->question = *question;
  inquiry->numbers = (Numbers){.root_key = root_key};
  inquiry->refusal = 0;
  inquiry->unknown = SLICE("");
  verdict->now_ms = now_ms;
  verdict->root_key = &engine->learned.root_keys[root_key];
  verdict->has_identity = false;
  verdict->checked_limit_count = 0;
  set_out_to_key(engine, question->key, &inquiry->way);
}

/* What a search does with others beside it; whether there is more of the same to do. */
typedef bool (*Step)(Engine *engine, Search *search);

/* Sets out to the identity, if there is a key. */
static int go_on_from_key(Engine *engine, Inquiry *inquiry, Verdict *verdict) {
  if (!is_fresh(engine)) return STALE;
  int refusal = find_key(engine, inquiry, verdict);
  if (refusal != 0) return refusal;
  if (verdict->outcome == NOT_FOUND) {
    inquiry->way.walk = tree_walk_from(NO_TREE);
    return 0;
  }
  if (verdict->key.has_credits) return UNUSUAL;
  aim_limit(engine, verdict);
  return set_out_to_identity(engine, verdict, &inquiry->way);
}

static bool end_at_key(Engine *engine, Search *search) {
  search->inquiry.refusal = go_on_from_key(engine, &search->inquiry, &search->verdict);
  return false;
}

static bool fetch_counter(Engine *engine, Search *search) {
  const Verdict *verdict = &search->verdict;
  if (has_counter(verdict)) windows_fetch(&engine->windows, &verdict->counter);
  return false;
}

static bool end_at_identity(Engine *engine, Search *search) {
  Inquiry *inquiry = &search->inquiry;
  Verdict *verdict = &search->verdict;
  if (verdict->outcome == NOT_FOUND) return false;
  int refusal = find_identity(&inquiry->way, verdict);
  inquiry->refusal = refusal != 0 ? refusal : check(engine, inquiry, verdict);
  return false;
}

/* A page further on the way. */
static bool go_on(Engine *engine, Search *search) {
  Way *way = &search->inquiry.way;
  return tree_walk_down(&engine->replica, (Slice){way->key, way->size}, &way->walk);
}

static bool fetch_page(Engine *engine, Search *search) {
  const Way *way = &search->inquiry.way;
  tree_walk_fetch(&engine->replica, (Slice){way->key, way->size}, &way->walk);
  return false;
}

static bool arrive(Engine *engine, Search *search) {
  Way *way = &search->inquiry.way;
  Slice key = {way->key, way->size};
  way->is_found = tree_walk_end(&engine->replica, key, &way->walk, &way->record);
  size_t size = way->is_found ? way->record.size : 0;
  if (size > FETCHED_BYTES_MAX) size = FETCHED_BYTES_MAX;
  for (size_t at = 0; at < size; at += 64) __builtin_prefetch(way->record.at + at);
  return false;
}

/* Those that were not refused, one behind the other; whether any of them goes on. */
static inline bool step(Engine *engine, Search *const *searches, int count, Step one) {
  bool goes_on = false;
  for (int index = 0; index < count; index += 1) {
    Search *search = searches[index];
    if (search->inquiry.refusal == 0 && one(engine, search)) goes_on = true;
  }
  return goes_on;
}

/*
 * Each step reads what the one before has asked for, and asks for all of it with nothing between:
 * a processor looks up the places of several pages at once, but what was asked for behind one that
 * is not known yet has to wait with all that follows. It saves a quarter of a batch's engine time.
 */
static void go_together(Engine *engine, Search *const *searches, int count) {
  while (step(engine, searches, count, go_on)) step(engine, searches, count, fetch_page);
  step(engine, searches, count, arrive);
}

void look_up_together(Engine *engine, Search *const *searches, int count) {
  go_together(engine, searches, count);
  step(engine, searches, count, end_at_key);
  step(engine, searches, count, fetch_counter);
  go_together(engine, searches, count);
  step(engine, searches, count, end_at_identity);
}

int tell_refusal(Engine *engine, const Inquiry *inquiry) {
  Slice unknown = inquiry->unknown;
  if (unknown.size > engine->text_size) return UNUSUAL;
  slice_put(engine->text, unknown);
  engine->status[STATUS_TEXT_BYTES] = (int32_t)unknown.size;
  engine->status[STATUS_ROOT_KEY] = inquiry->numbers.root_key;
  engine->status[STATUS_TRAITS] = inquiry->numbers.traits;
  return inquiry->refusal;
}
