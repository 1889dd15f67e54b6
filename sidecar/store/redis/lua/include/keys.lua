-- Names of all keys of one deployment. KEYS[1] is its base, with the hash tag: every key made from it lies in the same
-- slot of a Redis Cluster.
--
--   base            hash  seq, bytes, horizon, and the departure rate (busy, rateTime, rateCount)
--   base:r:<id>     text  the whole request, as layout.lua says
--   base:s:<id>     stream  recorded event stream, entry ids <sequence>-0; field start or bytes
--   base:running    hash  id -> head and names of a request under a lease, as layout.lua says
--   base:waiting    zset  id by seq (arrival)          base:delayed  zset  id by due time (backoff)
--   base:leases     zset  id by end of lease           base:deadlines zset id by deadline
--   base:kept       zset  <bytes>:<requests>:<seq of one> by removal time, one for each call that finished some
--   base:dead       zset  dead letters by completion   base:hooks   zset  id by due time of its webhook
--   channels        base:work (who put it in line, or nothing), base:hooks!, base:cancel, base:changes (ids whose state changed), base:c:<id> (its stream grew).
--                   Told by pcall: a message that cannot be sent must not hide that the step is done.
--@include clock
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, KEPT = base .. ':deadlines', base .. ':kept'
local DEAD, HOOKS, RUNNING = base .. ':dead', base .. ':hooks', base .. ':running'
local RECORD = base .. ':r:'
local function recordKey(id) return RECORD .. id end
local function streamKey(id) return base .. ':s:' .. id end

-- Whole numbers as text, each made once: Redis writes a number that Lua hands it as a float, which is slow.
local wholes = {}
local function whole(number)
  local text = wholes[number]
  if not text then
    text = string.format('%d', number)
    wholes[number] = text
  end
  return text
end
