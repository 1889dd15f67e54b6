// Generated from lua/*.lua by generate.ts; do not edit.

export const scripts = {
  appendStream: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local function standing(id, token)
local r = redis.call('HMGET', recordKey(id), 's', 'k', 'rm')
if r[2] ~= token or token == '' or (r[3] and tonumber(r[3]) <= now) then return 'lost' end
if r[1] == 'running' then return 'holds' end
return 'repeated'
end
local id, token, already = ARGV[3], ARGV[4], tonumber(ARGV[5])
local key, stream = recordKey(id), streamKey(id)
if standing(id, token) ~= 'holds' then return 0 end
local r = redis.call('HMGET', key, 'z', 'f')
if not r[2] then return 0 end
local last, sequence, size = tonumber(r[1]), tonumber(r[2]) + already, 0
for i = 6, #ARGV do
sequence = sequence + 1
if sequence > last then
size = size + #ARGV[i]
redis.call('XADD', stream, sequence .. '-0', 'bytes', ARGV[i])
end
end
if sequence <= last then return 1 end
redis.call('HSET', key, 'z', sequence)
redis.call('HINCRBY', key, 'a', size)
redis.call('HINCRBY', base, 'bytes', size)
redis.call('PUBLISH', base .. ':c:' .. id, '')
return 1
`,
  cancel: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local horizon = tonumber(redis.call('HGET', base, 'horizon') or '0')
local function extendHorizon(untilMs)
if untilMs <= horizon then return end
horizon = untilMs + 3600000
redis.call('HSET', base, 'horizon', horizon)
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, horizon)
end
end
local function index(key, score, member)
if redis.call('ZADD', key, score, member) == 1 and redis.call('ZCARD', key) == 1 then
redis.call('PEXPIREAT', key, horizon)
end
end
local function enqueue(id, seq)
index(WAITING, seq, id)
if redis.call('ZCARD', WAITING) == 1 then redis.call('PUBLISH', base .. ':work', '') end
end
local function releaseDelayed(max)
local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, max)
for _, id in ipairs(due) do
redis.call('ZREM', DELAYED, id)
local key = recordKey(id)
local seq = redis.call('HGET', key, 'q')
if seq then
redis.call('HSET', key, 's', 'queued')
enqueue(id, seq)
end
end
end
local function changed(id) redis.call('PUBLISH', base .. ':c:' .. id, '') end
local function finish(id, outcome, err, token, keepPayload)
for _, set in ipairs({ LEASES, DEADLINES, WAITING, DELAYED }) do redis.call('ZREM', set, id) end
local key = recordKey(id)
local r = redis.call('HMGET', key, 'b', 'a', 'w')
local held = tonumber(r[2] or '0')
local removeAt = now + retention
if keepPayload then
held = held + tonumber(r[1])
redis.call('PEXPIREAT', payloadKey(id), removeAt)
else
redis.call('UNLINK', payloadKey(id))
redis.call('HINCRBY', base, 'bytes', 0 - tonumber(r[1]))
end
redis.call('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', now, 'rm', removeAt, 'held', held)
redis.call('PEXPIREAT', key, removeAt)
if r[2] then redis.call('PEXPIREAT', streamKey(id), removeAt) end
extendHorizon(removeAt)
index(RETAINED, removeAt, held .. ':' .. id)
if outcome == 'failed' then index(DEAD, now, id) end
if r[3] then
index(HOOKS, now, id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
return removeAt
end
local function expire(id, lastError)
local err = 'expired: not finished within its time to live'
if lastError and lastError ~= '' then err = err .. '; last try: ' .. lastError end
finish(id, 'expired', err, '', false)
end
local function forget(id, held)
redis.call('ZREM', RETAINED, held .. ':' .. id)
redis.call('ZREM', DEAD, id)
redis.call('ZREM', HOOKS, id)
redis.call('UNLINK', recordKey(id), payloadKey(id), answerKey(id), streamKey(id))
redis.call('HINCRBY', base, 'bytes', 0 - tonumber(held))
changed(id)
end
local id = ARGV[3]
local r = redis.call('HMGET', recordKey(id), 's', 'rm', 'held')
if not r[1] or (r[2] and tonumber(r[2]) <= now) then return 'not_found' end
if r[1] == 'done' then
forget(id, r[3])
return 'deleted'
end
finish(id, 'canceled', 'canceled', '', false)
if r[1] == 'running' then redis.call('PUBLISH', base .. ':cancel', id) end
return 'canceled'
`,
  claimDeliveries: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local function look(id)
local r = redis.call('HMGET', recordKey(id), 's', 'm', 'o', 'x', 'e', 'n', 'c', 'd', 'st', 'ct', 'rm', 'q')
if not r[1] or (r[11] and tonumber(r[11]) <= now) then return false end
local position = -1
if r[1] == 'queued' or r[1] == 'delayed' then
position = redis.call('ZCOUNT', WAITING, '-inf', '(' .. r[12])
end
return { id, r[1], r[2], r[3] or '', r[4] or '', r[5] or '', r[6] or '0', r[7], r[8], r[9] or '', r[10] or '', position }
end
local replies = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', HOOKS, '-inf', now, 'LIMIT', 0, tonumber(ARGV[3]))) do
local status = look(id)
if status then
redis.call('ZADD', HOOKS, now + tonumber(ARGV[4]), id)
local attempt = redis.call('HINCRBY', recordKey(id), 'wa', 1)
replies[#replies + 1] = { attempt, redis.call('HGET', recordKey(id), 'w'), status }
else
redis.call('ZREM', HOOKS, id)
end
end
return replies
`,
  claim: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local horizon = tonumber(redis.call('HGET', base, 'horizon') or '0')
local function extendHorizon(untilMs)
if untilMs <= horizon then return end
horizon = untilMs + 3600000
redis.call('HSET', base, 'horizon', horizon)
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, horizon)
end
end
local function index(key, score, member)
if redis.call('ZADD', key, score, member) == 1 and redis.call('ZCARD', key) == 1 then
redis.call('PEXPIREAT', key, horizon)
end
end
local function enqueue(id, seq)
index(WAITING, seq, id)
if redis.call('ZCARD', WAITING) == 1 then redis.call('PUBLISH', base .. ':work', '') end
end
local function releaseDelayed(max)
local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, max)
for _, id in ipairs(due) do
redis.call('ZREM', DELAYED, id)
local key = recordKey(id)
local seq = redis.call('HGET', key, 'q')
if seq then
redis.call('HSET', key, 's', 'queued')
enqueue(id, seq)
end
end
end
local function changed(id) redis.call('PUBLISH', base .. ':c:' .. id, '') end
local function finish(id, outcome, err, token, keepPayload)
for _, set in ipairs({ LEASES, DEADLINES, WAITING, DELAYED }) do redis.call('ZREM', set, id) end
local key = recordKey(id)
local r = redis.call('HMGET', key, 'b', 'a', 'w')
local held = tonumber(r[2] or '0')
local removeAt = now + retention
if keepPayload then
held = held + tonumber(r[1])
redis.call('PEXPIREAT', payloadKey(id), removeAt)
else
redis.call('UNLINK', payloadKey(id))
redis.call('HINCRBY', base, 'bytes', 0 - tonumber(r[1]))
end
redis.call('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', now, 'rm', removeAt, 'held', held)
redis.call('PEXPIREAT', key, removeAt)
if r[2] then redis.call('PEXPIREAT', streamKey(id), removeAt) end
extendHorizon(removeAt)
index(RETAINED, removeAt, held .. ':' .. id)
if outcome == 'failed' then index(DEAD, now, id) end
if r[3] then
index(HOOKS, now, id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
return removeAt
end
local function expire(id, lastError)
local err = 'expired: not finished within its time to live'
if lastError and lastError ~= '' then err = err .. '; last try: ' .. lastError end
finish(id, 'expired', err, '', false)
end
local function forget(id, held)
redis.call('ZREM', RETAINED, held .. ':' .. id)
redis.call('ZREM', DEAD, id)
redis.call('ZREM', HOOKS, id)
redis.call('UNLINK', recordKey(id), payloadKey(id), answerKey(id), streamKey(id))
redis.call('HINCRBY', base, 'bytes', 0 - tonumber(held))
changed(id)
end
local most, token, leaseMs, lostToken, room = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7])
local reply, found, expired = { 0, 0, now }, 0, 0
local function give(id, attempt, r)
found = found + 1
room = room - tonumber(r[6])
for _, value in ipairs({ id, attempt, r[1], r[2], r[3], r[4] or '', r[5] or '', redis.call('GET', payloadKey(id)) or '' }) do
reply[#reply + 1] = value
end
end
if lostToken ~= '' then
redis.call('ZREM', LEASES, '')
for _, id in ipairs(redis.call('ZRANGE', LEASES, 0, -1)) do
local key = recordKey(id)
if redis.call('HGET', key, 'k') ~= lostToken then
elseif found < most then
redis.call('HSET', key, 'k', token)
index(LEASES, now + leaseMs, id)
give(id, redis.call('HGET', key, 'n'), redis.call('HMGET', key, 'd', 'c', 'm', 'o', 'w', 'b'))
else
redis.call('ZREM', LEASES, id)
redis.call('HSET', key, 's', 'queued', 'k', '')
redis.call('HINCRBY', key, 'n', -1)
enqueue(id, redis.call('HGET', key, 'q'))
end
end
end
releaseDelayed(100)
while found < most and expired < 100 do
local id = redis.call('ZRANGE', WAITING, 0, 0)[1]
if not id then break end
local key = recordKey(id)
local r = redis.call('HMGET', key, 'd', 'c', 'm', 'o', 'w', 'b', 'n', 'e')
if not r[1] then
redis.call('ZREM', WAITING, id)
elseif tonumber(r[1]) <= now then
expire(id, r[8])
expired = expired + 1
elseif found > 0 and tonumber(r[6]) > room then
break
else
local attempt = tonumber(r[7] or '0') + 1
redis.call('ZREM', WAITING, id)
redis.call('HSET', key, 's', 'running', 'k', token, 'n', attempt, 'st', now)
index(LEASES, now + leaseMs, id)
changed(id)
give(id, attempt, r)
end
end
reply[1] = redis.call('ZCARD', WAITING) > 0 and 1 or 0
reply[2] = expired
return reply
`,
  complete: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local horizon = tonumber(redis.call('HGET', base, 'horizon') or '0')
local function extendHorizon(untilMs)
if untilMs <= horizon then return end
horizon = untilMs + 3600000
redis.call('HSET', base, 'horizon', horizon)
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, horizon)
end
end
local function index(key, score, member)
if redis.call('ZADD', key, score, member) == 1 and redis.call('ZCARD', key) == 1 then
redis.call('PEXPIREAT', key, horizon)
end
end
local function enqueue(id, seq)
index(WAITING, seq, id)
if redis.call('ZCARD', WAITING) == 1 then redis.call('PUBLISH', base .. ':work', '') end
end
local function releaseDelayed(max)
local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, max)
for _, id in ipairs(due) do
redis.call('ZREM', DELAYED, id)
local key = recordKey(id)
local seq = redis.call('HGET', key, 'q')
if seq then
redis.call('HSET', key, 's', 'queued')
enqueue(id, seq)
end
end
end
local function changed(id) redis.call('PUBLISH', base .. ':c:' .. id, '') end
local function finish(id, outcome, err, token, keepPayload)
for _, set in ipairs({ LEASES, DEADLINES, WAITING, DELAYED }) do redis.call('ZREM', set, id) end
local key = recordKey(id)
local r = redis.call('HMGET', key, 'b', 'a', 'w')
local held = tonumber(r[2] or '0')
local removeAt = now + retention
if keepPayload then
held = held + tonumber(r[1])
redis.call('PEXPIREAT', payloadKey(id), removeAt)
else
redis.call('UNLINK', payloadKey(id))
redis.call('HINCRBY', base, 'bytes', 0 - tonumber(r[1]))
end
redis.call('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', now, 'rm', removeAt, 'held', held)
redis.call('PEXPIREAT', key, removeAt)
if r[2] then redis.call('PEXPIREAT', streamKey(id), removeAt) end
extendHorizon(removeAt)
index(RETAINED, removeAt, held .. ':' .. id)
if outcome == 'failed' then index(DEAD, now, id) end
if r[3] then
index(HOOKS, now, id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
return removeAt
end
local function expire(id, lastError)
local err = 'expired: not finished within its time to live'
if lastError and lastError ~= '' then err = err .. '; last try: ' .. lastError end
finish(id, 'expired', err, '', false)
end
local function forget(id, held)
redis.call('ZREM', RETAINED, held .. ':' .. id)
redis.call('ZREM', DEAD, id)
redis.call('ZREM', HOOKS, id)
redis.call('UNLINK', recordKey(id), payloadKey(id), answerKey(id), streamKey(id))
redis.call('HINCRBY', base, 'bytes', 0 - tonumber(held))
changed(id)
end
local function standing(id, token)
local r = redis.call('HMGET', recordKey(id), 's', 'k', 'rm')
if r[2] ~= token or token == '' or (r[3] and tonumber(r[3]) <= now) then return 'lost' end
if r[1] == 'running' then return 'holds' end
return 'repeated'
end
local function departed(count)
local c = redis.call('HMGET', base, 'busy', 'rateTime', 'rateCount')
local busy = tonumber(c[1] or '0')
if busy > 0 then
local fade = 0.98 ^ count
redis.call('HSET', base, 'rateTime', tonumber(c[2] or '0') * fade + (now - busy),
'rateCount', tonumber(c[3] or '0') * fade + count)
end
local waits = redis.call('ZCARD', WAITING) > 0
if waits or busy > 0 then redis.call('HSET', base, 'busy', waits and now or 0) end
end
local replies, count = {}, 0
for i = 1, tonumber(ARGV[3]) do
local at = 3 + (i - 1) * 4
local id, token = ARGV[at + 1], ARGV[at + 2]
local where = standing(id, token)
replies[i] = where == 'lost' and 0 or 1
if where == 'holds' then
redis.call('ZREM', LEASES, id)
local key = recordKey(id)
local r = redis.call('HMGET', key, 'm', 'f', 'a')
local isKept = r[1] == 'async'
local size = isKept and tonumber(ARGV[at + 3]) or 0
if r[3] and not r[2] then
redis.call('UNLINK', streamKey(id))
size = size - tonumber(r[3])
end
if size ~= 0 then
redis.call('HINCRBY', key, 'a', size)
redis.call('HINCRBY', base, 'bytes', size)
end
local removeAt = finish(id, 'answered', '', token, false)
if isKept then redis.call('SET', answerKey(id), ARGV[at + 4], 'PXAT', removeAt) end
count = count + 1
end
end
if count > 0 then departed(count) end
return replies
`,
  deadLetters: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local function look(id)
local r = redis.call('HMGET', recordKey(id), 's', 'm', 'o', 'x', 'e', 'n', 'c', 'd', 'st', 'ct', 'rm', 'q')
if not r[1] or (r[11] and tonumber(r[11]) <= now) then return false end
local position = -1
if r[1] == 'queued' or r[1] == 'delayed' then
position = redis.call('ZCOUNT', WAITING, '-inf', '(' .. r[12])
end
return { id, r[1], r[2], r[3] or '', r[4] or '', r[5] or '', r[6] or '0', r[7], r[8], r[9] or '', r[10] or '', position }
end
local replies = {}
for _, id in ipairs(redis.call('ZREVRANGE', DEAD, 0, tonumber(ARGV[3]) - 1)) do
local status = look(id)
if status then replies[#replies + 1] = status end
end
return replies
`,
  fail: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local horizon = tonumber(redis.call('HGET', base, 'horizon') or '0')
local function extendHorizon(untilMs)
if untilMs <= horizon then return end
horizon = untilMs + 3600000
redis.call('HSET', base, 'horizon', horizon)
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, horizon)
end
end
local function index(key, score, member)
if redis.call('ZADD', key, score, member) == 1 and redis.call('ZCARD', key) == 1 then
redis.call('PEXPIREAT', key, horizon)
end
end
local function enqueue(id, seq)
index(WAITING, seq, id)
if redis.call('ZCARD', WAITING) == 1 then redis.call('PUBLISH', base .. ':work', '') end
end
local function releaseDelayed(max)
local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, max)
for _, id in ipairs(due) do
redis.call('ZREM', DELAYED, id)
local key = recordKey(id)
local seq = redis.call('HGET', key, 'q')
if seq then
redis.call('HSET', key, 's', 'queued')
enqueue(id, seq)
end
end
end
local function changed(id) redis.call('PUBLISH', base .. ':c:' .. id, '') end
local function finish(id, outcome, err, token, keepPayload)
for _, set in ipairs({ LEASES, DEADLINES, WAITING, DELAYED }) do redis.call('ZREM', set, id) end
local key = recordKey(id)
local r = redis.call('HMGET', key, 'b', 'a', 'w')
local held = tonumber(r[2] or '0')
local removeAt = now + retention
if keepPayload then
held = held + tonumber(r[1])
redis.call('PEXPIREAT', payloadKey(id), removeAt)
else
redis.call('UNLINK', payloadKey(id))
redis.call('HINCRBY', base, 'bytes', 0 - tonumber(r[1]))
end
redis.call('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', now, 'rm', removeAt, 'held', held)
redis.call('PEXPIREAT', key, removeAt)
if r[2] then redis.call('PEXPIREAT', streamKey(id), removeAt) end
extendHorizon(removeAt)
index(RETAINED, removeAt, held .. ':' .. id)
if outcome == 'failed' then index(DEAD, now, id) end
if r[3] then
index(HOOKS, now, id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
return removeAt
end
local function expire(id, lastError)
local err = 'expired: not finished within its time to live'
if lastError and lastError ~= '' then err = err .. '; last try: ' .. lastError end
finish(id, 'expired', err, '', false)
end
local function forget(id, held)
redis.call('ZREM', RETAINED, held .. ':' .. id)
redis.call('ZREM', DEAD, id)
redis.call('ZREM', HOOKS, id)
redis.call('UNLINK', recordKey(id), payloadKey(id), answerKey(id), streamKey(id))
redis.call('HINCRBY', base, 'bytes', 0 - tonumber(held))
changed(id)
end
local function standing(id, token)
local r = redis.call('HMGET', recordKey(id), 's', 'k', 'rm')
if r[2] ~= token or token == '' or (r[3] and tonumber(r[3]) <= now) then return 'lost' end
if r[1] == 'running' then return 'holds' end
return 'repeated'
end
local function departed(count)
local c = redis.call('HMGET', base, 'busy', 'rateTime', 'rateCount')
local busy = tonumber(c[1] or '0')
if busy > 0 then
local fade = 0.98 ^ count
redis.call('HSET', base, 'rateTime', tonumber(c[2] or '0') * fade + (now - busy),
'rateCount', tonumber(c[3] or '0') * fade + count)
end
local waits = redis.call('ZCARD', WAITING) > 0
if waits or busy > 0 then redis.call('HSET', base, 'busy', waits and now or 0) end
end
local id, token, err, wait, counts = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7] == '1'
local where = standing(id, token)
if where ~= 'holds' then return where == 'lost' and 0 or 1 end
local key = recordKey(id)
redis.call('ZREM', LEASES, id)
if wait < 0 then
finish(id, 'failed', err, token, true)
departed(1)
return 1
end
if not counts then redis.call('HINCRBY', key, 'n', -1) end
if err ~= '' then redis.call('HSET', key, 'e', err) end
local r = redis.call('HMGET', key, 'q', 'd', 'f')
if r[3] then
redis.call('HDEL', key, 'f')
index(DEADLINES, r[2], id)
end
if wait > 0 then
redis.call('HSET', key, 's', 'delayed')
index(DELAYED, now + wait, id)
else
redis.call('HSET', key, 's', 'queued')
enqueue(id, r[1])
end
changed(id)
return 1
`,
  figures: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local c = redis.call('HMGET', base, 'bytes', 'busy', 'rateTime', 'rateCount')
local first = redis.call('ZRANGE', WAITING, 0, 0)[1] or redis.call('ZRANGE', DELAYED, 0, 0)[1]
local oldest = first and redis.call('HGET', recordKey(first), 'c') or '-1'
local busy, rateTime, rateCount = tonumber(c[2] or '0'), tonumber(c[3] or '0'), tonumber(c[4] or '0')
if busy > 0 and rateCount > 0 and now - busy > rateTime / rateCount then rateTime = rateTime + (now - busy) end
return { redis.call('ZCARD', WAITING) + redis.call('ZCARD', DELAYED), redis.call('ZCARD', LEASES),
redis.call('ZCARD', DEAD), oldest, c[1] or '0', tostring(rateTime), tostring(rateCount) }
`,
  look: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local function look(id)
local r = redis.call('HMGET', recordKey(id), 's', 'm', 'o', 'x', 'e', 'n', 'c', 'd', 'st', 'ct', 'rm', 'q')
if not r[1] or (r[11] and tonumber(r[11]) <= now) then return false end
local position = -1
if r[1] == 'queued' or r[1] == 'delayed' then
position = redis.call('ZCOUNT', WAITING, '-inf', '(' .. r[12])
end
return { id, r[1], r[2], r[3] or '', r[4] or '', r[5] or '', r[6] or '0', r[7], r[8], r[9] or '', r[10] or '', position }
end
local status = look(ARGV[3])
if not status then return false end
if ARGV[4] == '1' then return { status, redis.call('GET', answerKey(ARGV[3])) } end
return { status, false }
`,
  readStream: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local function look(id)
local r = redis.call('HMGET', recordKey(id), 's', 'm', 'o', 'x', 'e', 'n', 'c', 'd', 'st', 'ct', 'rm', 'q')
if not r[1] or (r[11] and tonumber(r[11]) <= now) then return false end
local position = -1
if r[1] == 'queued' or r[1] == 'delayed' then
position = redis.call('ZCOUNT', WAITING, '-inf', '(' .. r[12])
end
return { id, r[1], r[2], r[3] or '', r[4] or '', r[5] or '', r[6] or '0', r[7], r[8], r[9] or '', r[10] or '', position }
end
local id, after, most = ARGV[3], ARGV[4], tonumber(ARGV[5])
local status = look(id)
if not status then return false end
local stream = streamKey(id)
local head = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
local reply = { 0, head and head[2][2] or false }
local entries = redis.call('XRANGE', stream, '(' .. after .. '-0', '+', 'COUNT', most + 1)
for _, entry in ipairs(entries) do
if entry[2][1] == 'bytes' and #reply < 2 + 2 * most then
reply[#reply + 1] = string.match(entry[1], '^%d+')
reply[#reply + 1] = entry[2][2]
end
end
if status[2] == 'done' and #entries <= most then reply[1] = 1 end
return reply
`,
  renew: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local horizon = tonumber(redis.call('HGET', base, 'horizon') or '0')
local function extendHorizon(untilMs)
if untilMs <= horizon then return end
horizon = untilMs + 3600000
redis.call('HSET', base, 'horizon', horizon)
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, horizon)
end
end
local function index(key, score, member)
if redis.call('ZADD', key, score, member) == 1 and redis.call('ZCARD', key) == 1 then
redis.call('PEXPIREAT', key, horizon)
end
end
local leaseEnd = now + tonumber(ARGV[3])
local replies = {}
redis.call('ZREM', LEASES, '')
for at = 4, #ARGV, 2 do
local id, token = ARGV[at], ARGV[at + 1]
local key = recordKey(id)
local r = redis.call('HMGET', key, 's', 'k', 'd', 'f', 'x', 'rm')
local state = 'lost'
local isGone = r[6] and tonumber(r[6]) <= now
if r[1] == 'done' and not isGone and (r[5] == 'canceled' or r[5] == 'expired') then
state = r[5]
elseif r[1] == 'running' and r[2] == token then
if not r[4] and tonumber(r[3]) <= now then
state = 'expired'
else
state = 'held'
index(LEASES, leaseEnd, id)
local keep = leaseEnd + retention
if r[4] then
for _, k in ipairs({ key, payloadKey(id), streamKey(id) }) do redis.call('PEXPIREAT', k, keep) end
extendHorizon(keep)
end
end
end
replies[#replies + 1] = state
end
return replies
`,
  replay: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local horizon = tonumber(redis.call('HGET', base, 'horizon') or '0')
local function extendHorizon(untilMs)
if untilMs <= horizon then return end
horizon = untilMs + 3600000
redis.call('HSET', base, 'horizon', horizon)
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, horizon)
end
end
local function index(key, score, member)
if redis.call('ZADD', key, score, member) == 1 and redis.call('ZCARD', key) == 1 then
redis.call('PEXPIREAT', key, horizon)
end
end
local function enqueue(id, seq)
index(WAITING, seq, id)
if redis.call('ZCARD', WAITING) == 1 then redis.call('PUBLISH', base .. ':work', '') end
end
local function releaseDelayed(max)
local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, max)
for _, id in ipairs(due) do
redis.call('ZREM', DELAYED, id)
local key = recordKey(id)
local seq = redis.call('HGET', key, 'q')
if seq then
redis.call('HSET', key, 's', 'queued')
enqueue(id, seq)
end
end
end
local function changed(id) redis.call('PUBLISH', base .. ':c:' .. id, '') end
local function finish(id, outcome, err, token, keepPayload)
for _, set in ipairs({ LEASES, DEADLINES, WAITING, DELAYED }) do redis.call('ZREM', set, id) end
local key = recordKey(id)
local r = redis.call('HMGET', key, 'b', 'a', 'w')
local held = tonumber(r[2] or '0')
local removeAt = now + retention
if keepPayload then
held = held + tonumber(r[1])
redis.call('PEXPIREAT', payloadKey(id), removeAt)
else
redis.call('UNLINK', payloadKey(id))
redis.call('HINCRBY', base, 'bytes', 0 - tonumber(r[1]))
end
redis.call('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', now, 'rm', removeAt, 'held', held)
redis.call('PEXPIREAT', key, removeAt)
if r[2] then redis.call('PEXPIREAT', streamKey(id), removeAt) end
extendHorizon(removeAt)
index(RETAINED, removeAt, held .. ':' .. id)
if outcome == 'failed' then index(DEAD, now, id) end
if r[3] then
index(HOOKS, now, id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
return removeAt
end
local function expire(id, lastError)
local err = 'expired: not finished within its time to live'
if lastError and lastError ~= '' then err = err .. '; last try: ' .. lastError end
finish(id, 'expired', err, '', false)
end
local function forget(id, held)
redis.call('ZREM', RETAINED, held .. ':' .. id)
redis.call('ZREM', DEAD, id)
redis.call('ZREM', HOOKS, id)
redis.call('UNLINK', recordKey(id), payloadKey(id), answerKey(id), streamKey(id))
redis.call('HINCRBY', base, 'bytes', 0 - tonumber(held))
changed(id)
end
local counters = redis.call('HMGET', base, 'seq', 'bytes')
local seq, bytes = tonumber(counters[1] or '0'), tonumber(counters[2] or '0')
local function accept(limits, item)
local key = recordKey(item.id)
local known = redis.call('HMGET', key, 'h', 'o', 'v', 'rm', 'q', 'held')
if known[1] then
if not known[4] or tonumber(known[4]) > now then
if known[3] == item.token then return { 'accepted', redis.call('ZCOUNT', WAITING, '-inf', '(' .. known[5]) } end
if known[1] == item.fingerprint and (known[2] or '') == item.owner then return { 'duplicate', 0 } end
return { 'conflict', 0 }
end
forget(item.id, known[6])
bytes = bytes - tonumber(known[6])
end
local waiting = redis.call('ZCARD', WAITING)
local queued = waiting + redis.call('ZCARD', DELAYED)
if queued >= limits.queue then return { 'full', queued } end
if item.reachable >= 0 and queued > item.reachable then return { 'unreachable', queued } end
if limits.bytes > 0 and bytes + item.size > limits.bytes then return { 'quota_exceeded', bytes } end
seq = seq + 1
bytes = bytes + item.size
local deadline = now + item.ttl
local removeAt = deadline + retention
local fields = { 's', 'queued', 'm', item.mode, 'h', item.fingerprint, 'v', item.token, 'q', seq, 'c', now,
'd', deadline, 'l', item.ttl, 'b', item.size }
if item.owner ~= '' then fields[#fields + 1] = 'o'; fields[#fields + 1] = item.owner end
if item.webhook ~= '' then fields[#fields + 1] = 'w'; fields[#fields + 1] = item.webhook end
redis.call('HSET', key, unpack(fields))
redis.call('PEXPIREAT', key, removeAt)
redis.call('SET', payloadKey(item.id), item.payload, 'PXAT', removeAt)
redis.call('HSET', base, 'seq', seq, 'bytes', bytes)
extendHorizon(removeAt)
index(DEADLINES, deadline, item.id)
index(WAITING, seq, item.id)
if waiting == 0 then redis.call('PUBLISH', base .. ':work', '') end
return { 'accepted', queued }
end
local old, new = ARGV[5], ARGV[6]
if not redis.call('ZSCORE', DEAD, old) then return false end
local r = redis.call('HMGET', recordKey(old), 'm', 'o', 'w', 'h', 'l', 'b', 'rm')
local payload = redis.call('GET', payloadKey(old))
if not r[1] or not payload or (r[7] and tonumber(r[7]) <= now) then return false end
local reply = accept({ queue = tonumber(ARGV[3]), bytes = tonumber(ARGV[4]) }, {
id = new, token = ARGV[7], mode = r[1], owner = r[2] or '', webhook = r[3] or '', fingerprint = r[4],
ttl = tonumber(r[5]), size = tonumber(r[6]), reachable = -1, payload = payload,
})
if reply[1] == 'accepted' then redis.call('ZREM', DEAD, old) end
return reply
`,
  settleDelivery: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
if tonumber(ARGV[4]) < 0 then
redis.call('ZREM', HOOKS, ARGV[3])
elseif redis.call('ZSCORE', HOOKS, ARGV[3]) then
redis.call('ZADD', HOOKS, now + tonumber(ARGV[4]), ARGV[3])
end
return 1
`,
  startStream: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local horizon = tonumber(redis.call('HGET', base, 'horizon') or '0')
local function extendHorizon(untilMs)
if untilMs <= horizon then return end
horizon = untilMs + 3600000
redis.call('HSET', base, 'horizon', horizon)
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, horizon)
end
end
local function index(key, score, member)
if redis.call('ZADD', key, score, member) == 1 and redis.call('ZCARD', key) == 1 then
redis.call('PEXPIREAT', key, horizon)
end
end
local function standing(id, token)
local r = redis.call('HMGET', recordKey(id), 's', 'k', 'rm')
if r[2] ~= token or token == '' or (r[3] and tonumber(r[3]) <= now) then return 'lost' end
if r[1] == 'running' then return 'holds' end
return 'repeated'
end
local id, token, head = ARGV[3], ARGV[4], ARGV[5]
if standing(id, token) ~= 'holds' then return 0 end
local key, stream = recordKey(id), streamKey(id)
redis.call('ZREM', DEADLINES, id)
redis.call('UNLINK', stream)
local r = redis.call('HMGET', key, 'z', 'a')
redis.call('HINCRBY', base, 'bytes', #head - tonumber(r[2] or '0'))
local sequence = tonumber(r[1] or '0') + 1
redis.call('HSET', key, 'f', sequence, 'z', sequence, 'a', #head)
redis.call('XADD', stream, sequence .. '-0', 'start', head)
redis.call('PEXPIRE', stream, redis.call('PTTL', key))
redis.call('PUBLISH', base .. ':c:' .. id, '')
return 1
`,
  submit: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local horizon = tonumber(redis.call('HGET', base, 'horizon') or '0')
local function extendHorizon(untilMs)
if untilMs <= horizon then return end
horizon = untilMs + 3600000
redis.call('HSET', base, 'horizon', horizon)
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, horizon)
end
end
local function index(key, score, member)
if redis.call('ZADD', key, score, member) == 1 and redis.call('ZCARD', key) == 1 then
redis.call('PEXPIREAT', key, horizon)
end
end
local function enqueue(id, seq)
index(WAITING, seq, id)
if redis.call('ZCARD', WAITING) == 1 then redis.call('PUBLISH', base .. ':work', '') end
end
local function releaseDelayed(max)
local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, max)
for _, id in ipairs(due) do
redis.call('ZREM', DELAYED, id)
local key = recordKey(id)
local seq = redis.call('HGET', key, 'q')
if seq then
redis.call('HSET', key, 's', 'queued')
enqueue(id, seq)
end
end
end
local function changed(id) redis.call('PUBLISH', base .. ':c:' .. id, '') end
local function finish(id, outcome, err, token, keepPayload)
for _, set in ipairs({ LEASES, DEADLINES, WAITING, DELAYED }) do redis.call('ZREM', set, id) end
local key = recordKey(id)
local r = redis.call('HMGET', key, 'b', 'a', 'w')
local held = tonumber(r[2] or '0')
local removeAt = now + retention
if keepPayload then
held = held + tonumber(r[1])
redis.call('PEXPIREAT', payloadKey(id), removeAt)
else
redis.call('UNLINK', payloadKey(id))
redis.call('HINCRBY', base, 'bytes', 0 - tonumber(r[1]))
end
redis.call('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', now, 'rm', removeAt, 'held', held)
redis.call('PEXPIREAT', key, removeAt)
if r[2] then redis.call('PEXPIREAT', streamKey(id), removeAt) end
extendHorizon(removeAt)
index(RETAINED, removeAt, held .. ':' .. id)
if outcome == 'failed' then index(DEAD, now, id) end
if r[3] then
index(HOOKS, now, id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
return removeAt
end
local function expire(id, lastError)
local err = 'expired: not finished within its time to live'
if lastError and lastError ~= '' then err = err .. '; last try: ' .. lastError end
finish(id, 'expired', err, '', false)
end
local function forget(id, held)
redis.call('ZREM', RETAINED, held .. ':' .. id)
redis.call('ZREM', DEAD, id)
redis.call('ZREM', HOOKS, id)
redis.call('UNLINK', recordKey(id), payloadKey(id), answerKey(id), streamKey(id))
redis.call('HINCRBY', base, 'bytes', 0 - tonumber(held))
changed(id)
end
local counters = redis.call('HMGET', base, 'seq', 'bytes')
local seq, bytes = tonumber(counters[1] or '0'), tonumber(counters[2] or '0')
local function accept(limits, item)
local key = recordKey(item.id)
local known = redis.call('HMGET', key, 'h', 'o', 'v', 'rm', 'q', 'held')
if known[1] then
if not known[4] or tonumber(known[4]) > now then
if known[3] == item.token then return { 'accepted', redis.call('ZCOUNT', WAITING, '-inf', '(' .. known[5]) } end
if known[1] == item.fingerprint and (known[2] or '') == item.owner then return { 'duplicate', 0 } end
return { 'conflict', 0 }
end
forget(item.id, known[6])
bytes = bytes - tonumber(known[6])
end
local waiting = redis.call('ZCARD', WAITING)
local queued = waiting + redis.call('ZCARD', DELAYED)
if queued >= limits.queue then return { 'full', queued } end
if item.reachable >= 0 and queued > item.reachable then return { 'unreachable', queued } end
if limits.bytes > 0 and bytes + item.size > limits.bytes then return { 'quota_exceeded', bytes } end
seq = seq + 1
bytes = bytes + item.size
local deadline = now + item.ttl
local removeAt = deadline + retention
local fields = { 's', 'queued', 'm', item.mode, 'h', item.fingerprint, 'v', item.token, 'q', seq, 'c', now,
'd', deadline, 'l', item.ttl, 'b', item.size }
if item.owner ~= '' then fields[#fields + 1] = 'o'; fields[#fields + 1] = item.owner end
if item.webhook ~= '' then fields[#fields + 1] = 'w'; fields[#fields + 1] = item.webhook end
redis.call('HSET', key, unpack(fields))
redis.call('PEXPIREAT', key, removeAt)
redis.call('SET', payloadKey(item.id), item.payload, 'PXAT', removeAt)
redis.call('HSET', base, 'seq', seq, 'bytes', bytes)
extendHorizon(removeAt)
index(DEADLINES, deadline, item.id)
index(WAITING, seq, item.id)
if waiting == 0 then redis.call('PUBLISH', base .. ':work', '') end
return { 'accepted', queued }
end
local limits = { queue = tonumber(ARGV[3]), bytes = tonumber(ARGV[4]) }
local replies = {}
for i = 1, tonumber(ARGV[5]) do
local at = 5 + (i - 1) * 10
replies[i] = accept(limits, {
id = ARGV[at + 1], token = ARGV[at + 2], mode = ARGV[at + 3], owner = ARGV[at + 4], webhook = ARGV[at + 5],
fingerprint = ARGV[at + 6], ttl = tonumber(ARGV[at + 7]), size = tonumber(ARGV[at + 8]),
reachable = tonumber(ARGV[at + 9]), payload = ARGV[at + 10],
})
end
return replies
`,
  sweep: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function answerKey(id) return base .. ':a:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local horizon = tonumber(redis.call('HGET', base, 'horizon') or '0')
local function extendHorizon(untilMs)
if untilMs <= horizon then return end
horizon = untilMs + 3600000
redis.call('HSET', base, 'horizon', horizon)
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, horizon)
end
end
local function index(key, score, member)
if redis.call('ZADD', key, score, member) == 1 and redis.call('ZCARD', key) == 1 then
redis.call('PEXPIREAT', key, horizon)
end
end
local function enqueue(id, seq)
index(WAITING, seq, id)
if redis.call('ZCARD', WAITING) == 1 then redis.call('PUBLISH', base .. ':work', '') end
end
local function releaseDelayed(max)
local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, max)
for _, id in ipairs(due) do
redis.call('ZREM', DELAYED, id)
local key = recordKey(id)
local seq = redis.call('HGET', key, 'q')
if seq then
redis.call('HSET', key, 's', 'queued')
enqueue(id, seq)
end
end
end
local function changed(id) redis.call('PUBLISH', base .. ':c:' .. id, '') end
local function finish(id, outcome, err, token, keepPayload)
for _, set in ipairs({ LEASES, DEADLINES, WAITING, DELAYED }) do redis.call('ZREM', set, id) end
local key = recordKey(id)
local r = redis.call('HMGET', key, 'b', 'a', 'w')
local held = tonumber(r[2] or '0')
local removeAt = now + retention
if keepPayload then
held = held + tonumber(r[1])
redis.call('PEXPIREAT', payloadKey(id), removeAt)
else
redis.call('UNLINK', payloadKey(id))
redis.call('HINCRBY', base, 'bytes', 0 - tonumber(r[1]))
end
redis.call('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', now, 'rm', removeAt, 'held', held)
redis.call('PEXPIREAT', key, removeAt)
if r[2] then redis.call('PEXPIREAT', streamKey(id), removeAt) end
extendHorizon(removeAt)
index(RETAINED, removeAt, held .. ':' .. id)
if outcome == 'failed' then index(DEAD, now, id) end
if r[3] then
index(HOOKS, now, id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
return removeAt
end
local function expire(id, lastError)
local err = 'expired: not finished within its time to live'
if lastError and lastError ~= '' then err = err .. '; last try: ' .. lastError end
finish(id, 'expired', err, '', false)
end
local function forget(id, held)
redis.call('ZREM', RETAINED, held .. ':' .. id)
redis.call('ZREM', DEAD, id)
redis.call('ZREM', HOOKS, id)
redis.call('UNLINK', recordKey(id), payloadKey(id), answerKey(id), streamKey(id))
redis.call('HINCRBY', base, 'bytes', 0 - tonumber(held))
changed(id)
end
local most, attemptsAllowed = tonumber(ARGV[3]), tonumber(ARGV[4])
local expired, takenBack, dead, removed = 0, 0, 0, 0
local function due(set) return redis.call('ZRANGEBYSCORE', set, '-inf', now, 'LIMIT', 0, most) end
for _, id in ipairs(due(DEADLINES)) do
local r = redis.call('HMGET', recordKey(id), 's', 'e')
if r[1] and r[1] ~= 'done' then
expire(id, r[2])
expired = expired + 1
else
for _, set in ipairs({ DEADLINES, WAITING, DELAYED }) do redis.call('ZREM', set, id) end
end
end
for _, id in ipairs(due(LEASES)) do
local key = recordKey(id)
local r = redis.call('HMGET', key, 's', 'n', 'q', 'd', 'f')
redis.call('ZREM', LEASES, id)
if r[1] == 'running' then
takenBack = takenBack + 1
if tonumber(r[2]) >= attemptsAllowed then
finish(id, 'failed', 'lease_lost: its replica stopped answering during attempt ' .. r[2], '', true)
dead = dead + 1
else
redis.call('HSET', key, 's', 'queued', 'k', '')
if r[5] then
redis.call('HDEL', key, 'f')
index(DEADLINES, r[4], id)
end
enqueue(id, r[3])
changed(id)
end
end
end
for _, member in ipairs(due(RETAINED)) do
local held, id = string.match(member, '^(%d+):(.*)$')
forget(id, held)
removed = removed + 1
end
releaseDelayed(most)
if redis.call('EXISTS', WAITING, DELAYED, LEASES, RETAINED) == 0 and redis.call('EXISTS', base) == 1 then
redis.call('HSET', base, 'bytes', 0)
end
return { expired, takenBack, dead, removed }
`,
} as const;
