-- A request is one text, so that accepting it is one command: a head of fixed size, which later steps overwrite in place, then
-- fingerprint, owner and webhook as submitted, then its content (payload; in its place the answer; else nothing), then the error.
-- record-bytes.ts reads the same. Numbers that are not there are 0. `size` and the like are bytes; `streamHead` is the sequence
-- of the running stream's head, `streamLast` the last one used.
local HEAD = '<c1c1c1ddddddHHI4I4dI4HHHc36'
local HEAD_SIZE, FINGERPRINT_SIZE = 117, 43
-- Read at once where the content is not wanted: longer only with a long webhook.
local USUAL_SIZE = 512
local NO_TOKEN = string.rep('\0', 36)

-- States are q queued, d delayed, r running, x done; outcomes - none, a answered, f failed, e expired, c canceled; modes a, p.
local function parse(bytes)
  local r = {}
  r.state, r.outcome, r.mode, r.seq, r.created, r.deadline, r.started, r.completed, r.removeAt, r.attempts, r.deliveries,
    r.streamHead, r.streamLast, r.streamSize, r.size, r.ownerSize, r.webhookSize, r.errorSize, r.token = struct.unpack(HEAD, bytes)
  r.textSize = FINGERPRINT_SIZE + r.ownerSize + r.webhookSize
  r.text = string.sub(bytes, HEAD_SIZE + 1, HEAD_SIZE + r.textSize)
  return r
end

local function head(r)
  return struct.pack(HEAD, r.state, r.outcome, r.mode, r.seq, r.created, r.deadline, r.started, r.completed, r.removeAt,
    r.attempts, r.deliveries, r.streamHead, r.streamLast, r.streamSize, r.size, r.ownerSize, r.webhookSize, r.errorSize, r.token)
end

--@include former
-- The record without its content (`text` is fingerprint, owner and webhook), or nothing. Changes nothing.
local function peek(id)
  local bytes = redis.pcall('GETRANGE', recordKey(id), 0, USUAL_SIZE - 1)
  local isFormer = type(bytes) == 'table'
  if isFormer then bytes = asText(id) end
  if bytes == '' then return nil end
  local r = parse(bytes)
  r.whole = isFormer and bytes
  if #r.text < r.textSize then
    r.text = redis.call('GETRANGE', recordKey(id), HEAD_SIZE, HEAD_SIZE + r.textSize - 1)
  end
  return r
end

-- The same for a step that is going to write.
local function read(id)
  local r = peek(id)
  if r and r.whole then rewrite(id, r.whole) end
  return r
end

-- The record and all its bytes, or nothing; for a step that is going to write.
local function readWhole(id)
  local bytes = redis.pcall('GET', recordKey(id))
  if type(bytes) == 'table' then bytes = rewrite(id, asText(id)) end
  if not bytes then return nil end
  return parse(bytes), bytes
end

-- Bytes behind fingerprint, owner and webhook.
local function part(id, r, from, size)
  if size == 0 then return '' end
  from = HEAD_SIZE + r.textSize + from
  if r.whole then return string.sub(r.whole, from + 1, from + size) end
  return redis.call('GETRANGE', recordKey(id), from, from + size - 1)
end

local function contentOf(id, r) return part(id, r, 0, r.size) end
local function errorOf(id, r) return part(id, r, r.size, r.errorSize) end

-- Its retention is over, whether it is swept up or not.
local function isGone(r) return r.state == 'x' and r.removeAt <= now end

local function write(id, r) later('SETRANGE', recordKey(id), 0, head(r)) end
