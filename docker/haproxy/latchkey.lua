-- Asks Latchkey about a request: `http-request lua.latchkey <settings>`.
--
-- A good key lets the request pass, with X-Latchkey-* headers that say whose it is. Any other
-- answer of Latchkey's is the answer, and without an answer of Latchkey's it is a 503.

local url = (os.getenv("LATCHKEY_URL") or "http://127.0.0.1:7070") .. "/forward-auth?"
local root_key = assert(os.getenv("LATCHKEY_ROOT_KEY"), "LATCHKEY_ROOT_KEY is not set")
local timeout_ms = 5000

-- The headers that a key may stand in; the rest of the caller's are not passed on.
local key_headers = { "authorization", "x-api-key" }
local answer_headers = {
  "cache-control", "content-type", "retry-after", "www-authenticate",
  "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset",
  "x-latchkey-code", "x-latchkey-request-id", "x-latchkey-key-id", "x-latchkey-credits",
}

local function question(txn)
  local caller = txn.http:req_get_headers()
  local headers = {
    ["x-latchkey-root-key"] = { root_key },
    ["x-original-method"] = { txn.sf:method() },
    ["x-original-uri"] = { txn.sf:url() },
    ["x-forwarded-for"] = { txn.sf:src() },
  }
  for _, name in ipairs(key_headers) do
    if caller[name] then headers[name] = { caller[name][0] } end
  end
  return headers
end

local function first(response, name)
  local values = response.headers and response.headers[name]
  return values and values[0]
end

local function let_pass(txn, response)
  for name, values in pairs(response.headers) do
    if name:find("^x%-latchkey%-") then txn.http:req_set_header(name, values[0]) end
  end
  for _, name in ipairs({ "limit", "remaining", "reset" }) do
    local value = first(response, "ratelimit-" .. name)
    if value then txn:set_var("txn.latchkey_" .. name, value) end
  end
end

local function refuse(txn, response)
  local reply = txn:reply()
  local is_answered = response and response.status and response.status >= 400
  if is_answered then
    reply:set_status(response.status)
    for _, name in ipairs(answer_headers) do
      local value = first(response, name)
      if value then reply:add_header(name, value) end
    end
    reply:set_body(response.body)
  else
    reply:set_status(503)
    reply:add_header("cache-control", "no-store")
  end
  txn:done(reply)
end

core.register_action("latchkey", { "http-req" }, function(txn, settings)
  local response = core.httpclient():get({
    url = url .. settings,
    headers = question(txn),
    timeout = timeout_ms,
  })
  if response and response.status == 200 then let_pass(txn, response) else refuse(txn, response) end
end, 1)
