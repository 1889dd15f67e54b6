-- Reading and writing of a request by the steps that have few of them: all of it at once, into a table.
--@include layout
-- Read at once where the content is not wanted: longer only with a long webhook.
local USUAL_SIZE = 512

-- States are q queued, d delayed, r running, x done; outcomes - none, a answered, f failed, e expired, c canceled; modes a, p.
-- `names`: fingerprint, owner and webhook.
local function parse(bytes)
  local r = {}
  r.state, r.outcome, r.mode, r.seq, r.created, r.deadline, r.started, r.completed, r.removeAt, r.attempts, r.deliveries,
    r.streamHead, r.streamLast, r.streamSize, r.size, r.ownerSize, r.webhookSize, r.errorSize, r.token = struct.unpack(HEAD, bytes)
  r.namesSize = FINGERPRINT_SIZE + r.ownerSize + r.webhookSize
  r.names = string.sub(bytes, HEAD_SIZE + 1, HEAD_SIZE + r.namesSize)
  return r
end

local function head(r)
  return struct.pack(HEAD, r.state, r.outcome, r.mode, r.seq, r.created, r.deadline, r.started, r.completed, r.removeAt,
    r.attempts, r.deliveries, r.streamHead, r.streamLast, r.streamSize, r.size, r.ownerSize, r.webhookSize, r.errorSize, r.token)
end

-- What the line knows of one that was never claimed (layout.lua).
local function complement(id, r)
  r.seq = tonumber(redis.call('ZSCORE', WAITING, id) or '0')
  r.created = math.floor(r.seq / SEQ_PER_MS)
  r.deadline = r.created + r.deadline
end

-- The record without its content, or nothing. Changes nothing.
local function read(id)
  local bytes = redis.call('GETRANGE', recordKey(id), 0, USUAL_SIZE - 1)
  if bytes == '' then return nil end
  local underLease = redis.call('HGET', RUNNING, id)
  local r = parse(underLease or bytes)
  r.isHeld = underLease and true
  if #r.names < r.namesSize then
    r.names = redis.call('GETRANGE', recordKey(id), HEAD_SIZE, HEAD_SIZE + r.namesSize - 1)
  end
  if r.seq == 0 then complement(id, r) end
  return r
end

-- The same with all bytes as they are stored.
local function readWhole(id)
  local r = read(id)
  return r, r and redis.call('GET', recordKey(id))
end

-- Bytes behind the names.
local function part(id, r, from, size)
  if size == 0 then return '' end
  from = HEAD_SIZE + r.namesSize + from
  return redis.call('GETRANGE', recordKey(id), from, from + size - 1)
end

local function contentOf(id, r) return part(id, r, 0, r.size) end
local function errorOf(id, r) return part(id, r, r.size, r.errorSize) end

-- Its retention is over, whether it is swept up or not.
local function isGone(r) return r.state == 'x' and r.removeAt <= now end

local function write(id, r)
  if r.state == 'r' then return hold(id, head(r) .. r.names) end
  later('SETRANGE', recordKey(id), 0, head(r))
  if r.isHeld then release(id) end
end
